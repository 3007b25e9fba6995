"""The AsyncAPI 3.0 document of the streams and their messages."""

from __future__ import annotations

from typing import Any, Final

from port_events.catalogue import CATALOGUE, EventType
from port_events.documents.examples import example_document
from port_events.documents.schema import event_schema
from port_events.envelope import MAIL_STREAM, RECEIPTS, STREAM

VERSION: Final = "1.0.0"
MESSAGES: Final = "#/components/messages/"
RECEIPT_STATES: Final = ["sent", "refused", "expired"]


def asyncapi_document() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": {
                **{_name(each): _message(each) for each in CATALOGUE.values()},
                "receipt": _receipt(),
            },
        },
    }


def _info() -> dict[str, Any]:
    return {
        "title": "Events of the port-pass identity system",
        "version": VERSION,
        "description": (
            "Events of accounts and bindings as CloudEvents 1.0 in a Redis Stream. An entry has the field `ce` with "
            "the JSON envelope described here, the field `type`, which repeats the event's type, and the field "
            "`position` with its decimal position in the HTTP feed (`GET /api/v1/events`). Delivery is at least "
            "once, in order for each subject: ignore an `id` that was handled before. Skip unknown types and "
            "versions; fields may be added."
        ),
        "license": {"name": "Apache-2.0"},
    }


def _channels() -> dict[str, Any]:
    messages = {_name(each): {"$ref": MESSAGES + _name(each)} for each in CATALOGUE.values()}
    return {
        "events": {
            "address": STREAM,
            "description": "Redis Stream; every service reads it with its own consumer group.",
            "messages": messages,
        },
        "mails": {
            "address": MAIL_STREAM,
            "description": (
                "Redis Stream for the mailer only. An event that causes a mail has a second entry here, with the same "
                "fields and the field `sealed`: the mail's recipient and content, encrypted for the mailer."
            ),
            "messages": messages,
        },
        "receipts": {
            "address": RECEIPTS,
            "description": "Redis Stream; the result of each mail, from the mailer to identity only.",
            "messages": {"receipt": {"$ref": f"{MESSAGES}receipt"}},
        },
    }


def _operations() -> dict[str, Any]:
    return {
        "publishEvents": {
            "action": "send",
            "channel": {"$ref": "#/channels/events"},
            "summary": "Identity's relay publishes committed events.",
        },
        "publishMails": {
            "action": "send",
            "channel": {"$ref": "#/channels/mails"},
            "summary": "Identity's relay publishes the events that cause a mail, in addition to `publishEvents`.",
        },
        "readReceipts": {
            "action": "receive",
            "channel": {"$ref": "#/channels/receipts"},
            "summary": "Identity's relay records the result of each mail.",
        },
    }


def _message(event_type: EventType) -> dict[str, Any]:
    return {
        "name": event_type.type,
        "title": event_type.short,
        "summary": event_type.summary,
        "tags": [{"name": event_type.family}],
        "contentType": "application/cloudevents+json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": event_schema(event_type),
        },
        "examples": [{"name": "golden", "payload": example_document(event_type)}],
    }


def _receipt() -> dict[str, Any]:
    texts = {
        "event_id": {"type": "string", "minLength": 1, "description": "id of the event that caused the mail"},
        "state": {"enum": RECEIPT_STATES},
        "at": {
            "type": "string",
            "format": "date-time",
            "description": "the time at which the mail reached this state, in UTC",
        },
        "category": {
            "type": "string",
            "description": "the reason for a refusal, as a stable English code; otherwise empty",
        },
    }
    return {
        "name": "receipt",
        "title": "mail receipt",
        "summary": "The result of one mail, as fields of the entry, without an envelope.",
        "payload": {"type": "object", "properties": texts, "required": list(texts)},
    }


def _name(event_type: EventType) -> str:
    return event_type.document_name.replace(".", "_")

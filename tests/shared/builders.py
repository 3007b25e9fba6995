"""Builders of test data for port_events."""

from datetime import UTC, datetime, timedelta
from typing import Any

from port_events.catalogue import BindingRemoved, EventData, event_type_of
from port_events.envelope import SOURCE, Event, to_fields, to_json
from port_events.sealing import MailPayload

NOON = datetime(2026, 3, 2, 4, 0, 0, 123456, tzinfo=UTC)
REMOVED = BindingRemoved(binding_id="b-1", link_account_id="link-1", reason="general")


def an_event(fact: EventData = REMOVED, **changes: Any) -> Event:
    line = event_type_of(fact)
    members: dict[str, Any] = {
        "id": "e-1",
        "type": line.type,
        "source": SOURCE,
        "subject": "general-1",
        "time": NOON,
        "sequence": 7,
        "dataschema": line.dataschema,
        "data": fact.as_json(),
    }
    return Event(**{**members, **changes})


def fields_of(event: Event, sealed: str | None = None) -> dict[Any, Any]:
    return to_fields(to_json(event), event.type, sealed)


def a_payload(**changes: Any) -> MailPayload:
    """Build the mail payload of the event that `an_event()` returns."""
    members: dict[str, Any] = {
        "event_id": "e-1",
        "event_type": REMOVED.type,
        "address": "wang@example.tw",
        "name": "王小明",
        "issued_at": NOON,
        "expires_at": NOON + timedelta(days=1),
        "content": {"username": "wang2026", "link": "https://example.tw/email/verify?token=hush"},
    }
    return MailPayload(**{**members, **changes})

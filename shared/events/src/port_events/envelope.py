"""Reads and writes CloudEvents 1.0 as entries of a Redis Stream (EVT-3).

An entry has the fields `ce`, the JSON envelope; `type`, which repeats the event's type, so that readers can skip
entries without parsing them; and `position`, the event's decimal position in the HTTP feed. In the stream
`identity.mails` it also has the field `sealed`, the mail's recipient and content, encrypted for the mailer (EVT-7).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

STREAM: Final = "identity.events"
MAIL_STREAM: Final = "identity.mails"
RECEIPTS: Final = "mailer.receipts"
SOURCE: Final = "tw.port.identity"
SPECVERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
MAX_ENVELOPE_CHARACTERS: Final = 64 * 1024

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class MalformedEvent(ValueError):  # noqa: N818 - a public name that consumers import
    """An entry or an envelope is invalid. The message contains the name of the invalid part, never its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event. `subject` is an account's id; the subject of a binding's events is the general account.

    `sequence` is the event's number among those of its subject. `traceparent` is None if it is missing or invalid.
    """

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    dataschema: str
    data: Mapping[str, JSON]
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in a stream. `id` is the entry ID, `sealed` the encrypted mail, `position` the position in the feed.

    The last two are None if the entry lacks the field.
    """

    id: str
    event: Event
    sealed: str | None
    position: int | None = None


def to_json(event: Event) -> str:
    """Return the CloudEvents JSON envelope. Raises ValueError if `event.time` has no time zone."""
    envelope = {
        "specversion": SPECVERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": format_rfc3339(event.time),
        "datacontenttype": CONTENT_TYPE,
        "dataschema": event.dataschema,
        "sequence": str(event.sequence),
        "data": event.data,
    }
    if event.traceparent:
        envelope["traceparent"] = event.traceparent
    return _write(envelope)


def from_json(text: str) -> Event:
    """Parse a CloudEvents JSON envelope; unknown attributes are ignored. Raises MalformedEvent."""
    if len(text) > MAX_ENVELOPE_CHARACTERS:
        raise MalformedEvent("ce: too long")
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedEvent("ce: not JSON") from None
    if not isinstance(envelope, dict) or envelope.get("specversion") != SPECVERSION:
        raise MalformedEvent("specversion: not a CloudEvent 1.0")
    return _event(envelope)


def to_fields(
    ce: str,
    type: str,  # noqa: A002 - the attribute's name
    sealed: str | None,
    position: int | None = None,
) -> dict[str, str]:
    fields = {"ce": ce, "type": type}
    if position is not None:
        fields["position"] = str(position)
    if sealed is not None:
        fields["sealed"] = sealed
    return fields


def from_fields(entry_id: bytes | str, fields: Mapping[bytes | str, bytes | str]) -> Entry:
    """Parse an entry, whether or not the Redis client decoded it. Raises MalformedEvent."""
    if not fields:
        raise MalformedEvent("entry: empty")
    texts = {as_text(key): as_text(value) for key, value in fields.items()}
    if "ce" not in texts:
        raise MalformedEvent("ce: missing")
    event = from_json(texts["ce"])
    if texts.get("type") != event.type:
        raise MalformedEvent("type: not that of the envelope")
    position = _number(texts["position"], "position") if "position" in texts else None
    return Entry(as_text(entry_id), event, texts.get("sealed"), position)


def format_rfc3339(when: datetime) -> str:
    """Format a time in UTC with microseconds. Raises ValueError if it has no time zone."""
    if when.tzinfo is None:
        raise ValueError("the time has no time zone")
    return when.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def parse_rfc3339(text: str) -> datetime:
    """Parse a time and convert it to UTC. Raises ValueError if it is invalid or has no time zone."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("the time has no time zone")
    return when.astimezone(UTC)


def as_text(raw: bytes | str) -> str:
    """Decode a value of Redis, unless the client has decoded it. Raises MalformedEvent if it is not UTF-8."""
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedEvent("entry: not UTF-8") from None


def _event(envelope: dict[str, Any]) -> Event:
    return Event(
        id=_text(envelope, "id"),
        type=_text(envelope, "type"),
        source=_text(envelope, "source"),
        subject=_text(envelope, "subject"),
        time=_time(envelope),
        sequence=_number(_text(envelope, "sequence"), "sequence"),
        dataschema=_text(envelope, "dataschema"),
        data=_data(envelope),
        traceparent=_traceparent(envelope),
    )


def _text(envelope: dict[str, Any], name: str) -> str:
    value = envelope.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEvent(f"{name}: missing or not a text")
    return value


def _time(envelope: dict[str, Any]) -> datetime:
    try:
        return parse_rfc3339(_text(envelope, "time"))
    except (ValueError, OverflowError):
        raise MalformedEvent("time: not a valid time") from None


def _number(text: str, name: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise MalformedEvent(f"{name}: not a number")
    return int(text)


def _data(envelope: dict[str, Any]) -> dict[str, JSON]:
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise MalformedEvent("data: not an object")
    return data


def _traceparent(envelope: dict[str, Any]) -> str | None:
    # W3C Trace Context: an invalid traceparent is ignored and does not make the event invalid.
    value = envelope.get("traceparent")
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None

"""Entries that could not be handled, kept for an operator to inspect and retry (EVT-5)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from port_events._consumer.deliveries import Source
from port_events.consumer_group import Group
from port_events.envelope import (
    MAX_ENVELOPE_CHARACTERS,
    Event,
    MalformedEvent,
    as_text,
    format_rfc3339,
    from_fields,
    parse_rfc3339,
)

if TYPE_CHECKING:
    from redis import Redis

    from port_events.consumer_group import Fields, RawEntry

MAX_DEAD_LETTERS: Final = 10_000  # the oldest are dropped, so that invalid entries cannot fill Redis
MAX_LISTED: Final = 1_000
_COPIED_FIELDS: Final = ("ce", "type", "position")  # never `sealed`
_MAX_BYTES: Final = 4 * MAX_ENVELOPE_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An entry that became a dead letter at the time `at`. `Consumer.retry_dead_letter` takes its `id`.

    `entry_id` is the ID of the original entry, empty if the event was read from the feed. `event` is None if the entry
    cannot be parsed.
    """

    id: str
    at: datetime
    reason: str
    entry_id: str
    event: Event | None


class DeadLetters(Source):
    """The stream `seen:GROUP:aside`. Every method may raise redis.RedisError.

    A requeued entry stays pending in a consumer group of this stream, so it is not lost if the member handling it dies.
    """

    def __init__(self, client: Redis, group: str, name: str) -> None:
        self._client = client
        self._key = f"seen:{group}:aside"
        self._group = Group(client, self._key, group, name)

    def open(self) -> None:
        """Create the group through which members receive requeued entries, unless it exists."""
        self._group.create("0")

    def add(self, raw: RawEntry, reason: str) -> None:
        """Store a copy of an entry, without its `sealed` field, together with the reason and the time."""
        entry_id, fields = raw
        copied = {name: fields.get(name.encode(), fields.get(name)) for name in _COPIED_FIELDS}
        stored: dict[Any, Any] = {
            "reason": reason,
            "at": format_rfc3339(datetime.fromtimestamp(time.time(), UTC)),
            "entry": entry_id,
            **{name: value[:_MAX_BYTES] for name, value in copied.items() if value is not None},
        }
        self._client.xadd(self._key, stored, maxlen=MAX_DEAD_LETTERS)

    def all(self) -> list[DeadLetter]:
        """Return the oldest MAX_LISTED dead letters."""
        found: Any = self._client.xrange(self._key, count=MAX_LISTED)
        return [_dead_letter(as_text(entry_id), fields) for entry_id, fields in found]

    def requeue(self, dead_letter_id: str) -> bool:
        """Let any member take the dead letter; return False if it does not exist."""
        self.open()
        return bool(self._group.release(dead_letter_id, force=True, retrycount=0))

    def take(self, idle_ms: int) -> tuple[RawEntry, int] | None:
        """Claim an entry that was requeued, or that a member left unfinished for `idle_ms`.

        Returns the entry with its delivery count, or None.
        """
        return self._group.take_over(idle_ms)

    def leave(self, *unhandled: str, keep_name: bool) -> None:
        """Release this member's requeued entries that it has not handled, and leave the group."""
        self._group.leave(*unhandled, keep_name=keep_name)

    def redeliver(self, raw: RawEntry) -> None:
        self._group.redeliver(raw[0])

    def ack(self, raw: RawEntry) -> None:
        self._group.ack(raw[0])
        self._client.xdel(self._key, raw[0])

    def reject(self, raw: RawEntry, reason: str) -> None:  # noqa: ARG002 - the first reason stays
        self._group.ack(raw[0])


def _dead_letter(entry_id: str, fields: Fields) -> DeadLetter:
    try:
        event = from_fields(entry_id, fields).event
    except MalformedEvent:
        event = None
    return DeadLetter(
        id=entry_id,
        at=parse_rfc3339(_text(fields, "at")),
        reason=_text(fields, "reason"),
        entry_id=_text(fields, "entry"),
        event=event,
    )


def _text(fields: Fields, name: str) -> str:
    return as_text(fields.get(name.encode(), fields.get(name, "")))

"""Entries that could not be handled, kept beside the stream until an operator decides (EVT-5)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import (
    MAX_ENVELOPE_CHARACTERS,
    Event,
    MalformedEvent,
    as_text,
    format_rfc3339,
    from_fields,
    parse_rfc3339,
)
from port_events.group import RELEASED_CONSUMER, RELEASED_IDLE_MS, Group

if TYPE_CHECKING:
    from redis import Redis

    from port_events.group import Fields, RawEntry

MAX_DEAD_LETTERS: Final = 10_000  # the oldest go first: no flood of bad entries may fill Redis
MAX_LISTED: Final = 1_000
_COPIED_FIELDS: Final = ("ce", "type", "position")  # never what is sealed
_MAX_OCTETS: Final = 4 * MAX_ENVELOPE_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One of them. `id` is what `Consumer.retry_dead_letter` takes; `event` is None where it could not be read."""

    id: str
    at: datetime
    reason: str
    entry_id: str
    event: Event | None


class DeadLetters:
    """The stream `seen:GROUP:aside`. An entry given back is pending in a group there, until a member takes it.

    So a member that dies with it loses it no more than any other entry. What raises is redis.
    """

    def __init__(self, client: Redis, group: str, name: str) -> None:
        self._client = client
        self._key = f"seen:{group}:aside"
        self._group = Group(client, self._key, group, name)

    def open(self) -> None:
        """Make the group, where it is not there."""
        self._group.create("0")

    def add(self, raw: RawEntry, reason: str) -> None:
        """Keep what was read, with the reason and the time."""
        entry_id, fields = raw
        carried = {name: fields.get(name.encode(), fields.get(name)) for name in _COPIED_FIELDS}
        kept: dict[Any, Any] = {
            "reason": reason,
            "at": format_rfc3339(datetime.fromtimestamp(time.time(), UTC)),
            "entry": entry_id,
            **{name: value[:_MAX_OCTETS] for name, value in carried.items() if value is not None},
        }
        self._client.xadd(self._key, kept, maxlen=MAX_DEAD_LETTERS)

    def all(self) -> list[DeadLetter]:
        """Return the oldest thousand."""
        found: Any = self._client.xrange(self._key, count=MAX_LISTED)
        return [_dead_letter(as_text(entry_id), fields) for entry_id, fields in found]

    def requeue(self, dead_letter_id: str) -> bool:
        """Let the next member that looks handle it once more; False where there is no such entry."""
        self.open()
        claimed: Any = self._client.xclaim(
            self._key,
            self._group.group,
            RELEASED_CONSUMER,
            0,
            [dead_letter_id],
            idle=RELEASED_IDLE_MS,
            retrycount=0,
            force=True,
            justid=True,
        )
        return bool(claimed)

    def take(self, idle_ms: int) -> tuple[RawEntry, int] | None:
        """Take one that was given back, with how often it was handed out since."""
        return self._group.take_over(idle_ms)

    def redeliver(self, entry_id: str) -> None:
        """Count that it is begun once more."""
        self._group.redeliver(entry_id)

    def drop(self, entry_id: str) -> None:
        """Forget one that was handled."""
        self._group.ack(entry_id)
        self._client.xdel(self._key, entry_id)

    def keep(self, entry_id: str) -> None:
        """Leave one that failed again where it is."""
        self._group.ack(entry_id)

    def leave(self, *unhandled: str) -> None:
        """Hand back what was taken and not handled."""
        self._group.leave(*unhandled)


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

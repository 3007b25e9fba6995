"""Entries that are being handled, and their sources: the stream, its dead letters and the feed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from port_events.envelope import as_text

if TYPE_CHECKING:
    from redis import Redis

    from port_events._consumer.dead_letters import DeadLetters
    from port_events.consumer_group import Group, RawEntry
    from port_events.feed import FeedItem


class Source(Protocol):
    """A source of entries. Every method may raise redis.RedisError."""

    def redeliver(self, raw: RawEntry) -> None:
        """Increment the entry's delivery count before another attempt."""

    def ack(self, raw: RawEntry) -> None:
        """Acknowledge the entry, so that it is not delivered again."""

    def reject(self, raw: RawEntry, reason: str) -> None:
        """Make the entry a dead letter, so that it is not delivered again."""


@dataclass(slots=True)
class Delivery:
    """An entry that is being handled. `times` is its delivery count, including this delivery."""

    raw: RawEntry
    source: Source
    times: int = 1

    def redeliver(self) -> None:
        self.source.redeliver(self.raw)
        self.times += 1

    def ack(self) -> None:
        self.source.ack(self.raw)

    def reject(self, reason: str) -> None:
        self.source.reject(self.raw, reason)


class StreamSource(Source):
    """Entries of the stream. The pending list of the consumer group contains their delivery counts."""

    def __init__(self, group: Group, dead_letters: DeadLetters) -> None:
        self._group, self._dead_letters = group, dead_letters

    def redeliver(self, raw: RawEntry) -> None:
        self._group.redeliver(raw[0])

    def ack(self, raw: RawEntry) -> None:
        self._group.ack(raw[0])

    def reject(self, raw: RawEntry, reason: str) -> None:
        self._dead_letters.add(raw, reason)
        self._group.ack(raw[0])


class FeedSource(Source):
    """Events of the feed. Only one member reads the feed at a time, so one key stores the current event's count."""

    def __init__(self, client: Redis, group: str, dead_letters: DeadLetters) -> None:
        self._client, self._dead_letters = client, dead_letters
        self._key: Final = f"seen:{group}:begun"

    def deliver(self, item: FeedItem) -> Delivery:
        """Increment the delivery count of an event and return its delivery."""
        delivery = Delivery(_raw(item), self, self._times(item.position) + 1)
        self._count(item.position, delivery.times)
        return delivery

    def redeliver(self, raw: RawEntry) -> None:
        position = int(raw[1]["position"])
        self._count(position, self._times(position) + 1)

    def ack(self, raw: RawEntry) -> None:
        pass  # FeedCatchUp advances the group's position

    def reject(self, raw: RawEntry, reason: str) -> None:
        self._dead_letters.add(raw, reason)

    def _times(self, position: int) -> int:
        stored = self._client.get(self._key)
        at, _, times = as_text(stored).partition(" ") if stored else ("", "", "0")
        return int(times) if at == str(position) else 0

    def _count(self, position: int, times: int) -> None:
        self._client.set(self._key, f"{position} {times}")


def _raw(item: FeedItem) -> RawEntry:
    event_type = item.document.get("type") if isinstance(item.document, dict) else None
    fields: dict[Any, Any] = {
        "ce": json.dumps(item.document, ensure_ascii=False),
        "type": str(event_type),
        "position": str(item.position),
    }
    return "", fields

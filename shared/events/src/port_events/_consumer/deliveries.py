"""Where an event that is to be handled comes from, and what is to be said there of its handling."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from port_events.envelope import as_text

if TYPE_CHECKING:
    from redis import Redis

    from port_events._consumer.dead_letters import DeadLetters
    from port_events.feed import FeedItem
    from port_events.group import Group, RawEntry


class Source(Protocol):
    """What raises is redis."""

    def redeliver(self, raw: RawEntry) -> None:
        """Count that it is begun once more."""

    def ack(self, raw: RawEntry) -> None:
        """See to it that it does not come again."""

    def reject(self, raw: RawEntry, reason: str) -> None:
        """Set it aside."""


@dataclass(slots=True)
class Delivery:
    """An entry in somebody's hands. `times` counts how often it was begun, this time included."""

    raw: RawEntry
    source: Source
    times: int = 1

    def redeliver(self) -> None:
        """Count that it is begun once more."""
        self.source.redeliver(self.raw)
        self.times += 1

    def ack(self) -> None:
        """See to it that it does not come again."""
        self.source.ack(self.raw)

    def reject(self, reason: str) -> None:
        """Set it aside."""
        self.source.reject(self.raw, reason)


class StreamSource:
    """The group's pending list counts."""

    def __init__(self, group: Group, asides: DeadLetters) -> None:
        self._group, self._asides = group, asides

    def redeliver(self, raw: RawEntry) -> None:
        """Claim it from ourselves, which counts."""
        self._group.redeliver(raw[0])

    def ack(self, raw: RawEntry) -> None:
        """Acknowledge it."""
        self._group.ack(raw[0])

    def reject(self, raw: RawEntry, reason: str) -> None:
        """Keep it aside, then acknowledge it."""
        self._asides.add(raw, reason)
        self._group.ack(raw[0])


class DeadLetterSource:
    """An entry that was set aside and given back."""

    def __init__(self, asides: DeadLetters) -> None:
        self._asides = asides

    def redeliver(self, raw: RawEntry) -> None:
        """Claim it from ourselves, which counts."""
        self._asides.redeliver(raw[0])

    def ack(self, raw: RawEntry) -> None:
        """Forget it."""
        self._asides.drop(raw[0])

    def reject(self, raw: RawEntry, reason: str) -> None:  # noqa: ARG002 - the first reason stays
        """Leave it where it is."""
        self._asides.keep(raw[0])


class FeedSource:
    """Read over HTTP by one member at a time, so that one key can count how often the newest was begun."""

    def __init__(self, client: Redis, group: str, asides: DeadLetters) -> None:
        self._client, self._asides = client, asides
        self._key: Final = f"seen:{group}:begun"

    def deliver(self, item: FeedItem) -> Delivery:
        """Make the delivery of an item and count it."""
        delivery = Delivery(_raw(item), self, self._times(item.position) + 1)
        self._count(item.position, delivery.times)
        return delivery

    def redeliver(self, raw: RawEntry) -> None:
        """Count that it is begun once more."""
        position = int(raw[1]["position"])
        self._count(position, self._times(position) + 1)

    def ack(self, raw: RawEntry) -> None:
        """Do nothing: the group's position moves on."""

    def reject(self, raw: RawEntry, reason: str) -> None:
        """Keep it aside."""
        self._asides.add(raw, reason)

    def _times(self, position: int) -> int:
        kept = self._client.get(self._key)
        at, _, times = as_text(kept).partition(" ") if kept else ("", "", "0")
        return int(times) if at == str(position) else 0

    def _count(self, position: int, times: int) -> None:
        self._client.set(self._key, f"{position} {times}")


def _raw(item: FeedItem) -> RawEntry:
    kind = item.document.get("type") if isinstance(item.document, dict) else None
    fields: dict[Any, Any] = {
        "ce": json.dumps(item.document, ensure_ascii=False),
        "type": str(kind),
        "position": str(item.position),
    }
    return "", fields

"""What a group remembers: which events it has handled, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from redis import Redis

    from port_events.envelope import Event

# A day longer than the stream is kept, so that an entry published again meets its mark.
DEDUPE_TTL_SECONDS: Final = 8 * 86_400


class DedupeStore(Protocol):
    """Shared by all members of a group. In Redis unless a consumer gives its own.

    Whoever keeps it in the database of its effects, in the same transaction, repeats nothing even when Redis
    loses everything: the handler writes down the event's id with what it does, and `remember` finds it there.
    """

    def is_handled(self, event: Event) -> bool:
        """Tell whether the event was handled before."""

    def mark_handled(self, event: Event) -> None:
        """Note that it was; to be called again for the same event without harm."""

    def position(self) -> int | None:
        """Return the position given last, None before the first."""

    def advance(self, position: int) -> None:
        """Note that every event up to this position was handled or set aside."""


class RedisDedupeStore:
    """Marks by event id, forgotten after `ttl_seconds`. What raises is redis."""

    def __init__(self, client: Redis, group: str, ttl_seconds: int = DEDUPE_TTL_SECONDS) -> None:
        self._client = client
        self._prefix = f"seen:{group}:"
        self._ttl_seconds = ttl_seconds

    def is_handled(self, event: Event) -> bool:
        """Tell whether the event has a mark."""
        return bool(self._client.exists(self._prefix + event.id))

    def mark_handled(self, event: Event) -> None:
        """Mark it."""
        self._client.set(self._prefix + event.id, "1", nx=True, ex=self._ttl_seconds)

    def position(self) -> int | None:
        """Return the position given last."""
        position = self._client.get(f"{self._prefix}position")
        return None if position is None else int(position)

    def advance(self, position: int) -> None:
        """Keep the position, for good."""
        self._client.set(f"{self._prefix}position", position)

"""Stores of the events that a group has handled, and of the group's position (EVT-5, EVT-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from redis import Redis

    from port_events.envelope import Event

# One day longer than the stream keeps entries by default, so that republished entries are still recognised.
DEDUPE_TTL_SECONDS: Final = 8 * 86_400
MAX_REMEMBERED: Final = 10_000


class DedupeStore(Protocol):
    """A store that all members of a group share; by default, it is in Redis.

    A store in the handler's own database gives exactly-once effects, even after total loss of Redis: the handler
    writes the event's id in the transaction of its effect, and `is_handled` reads the id.
    """

    def is_handled(self, event: Event) -> bool:
        """Return whether the event was handled before."""

    def mark_handled(self, event: Event) -> None:
        """Record that the event was handled. May be called again for the same event."""

    def position(self) -> int | None:
        """Return the position of the last `advance`, or None before the first."""

    def advance(self, position: int) -> None:
        """Record that the group has no event left to handle up to this position."""


class RedisDedupeStore(DedupeStore):
    """A key for each handled event, which expires after `ttl_seconds`, and a key for the position.

    A failover of Redis may lose the newest keys, so each process also remembers the last MAX_REMEMBERED events. Every
    method may raise redis.RedisError.
    """

    def __init__(self, client: Redis, group: str, ttl_seconds: int = DEDUPE_TTL_SECONDS) -> None:
        self._client = client
        self._prefix = f"seen:{group}:"
        self._ttl_seconds = ttl_seconds
        self._remembered: dict[str, None] = {}

    def is_handled(self, event: Event) -> bool:
        return event.id in self._remembered or bool(self._client.exists(self._prefix + event.id))

    def mark_handled(self, event: Event) -> None:
        self._remembered[event.id] = None
        if len(self._remembered) > MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._client.set(self._prefix + event.id, "1", nx=True, ex=self._ttl_seconds)

    def position(self) -> int | None:
        position = self._client.get(f"{self._prefix}position")
        return None if position is None else int(position)

    def advance(self, position: int) -> None:
        self._client.set(f"{self._prefix}position", position)

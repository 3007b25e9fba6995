"""The heartbeats of the mailers, which distinguish the group's idle members from members that no longer run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from port_events.consumer_group import RELEASED_CONSUMER
from port_events.envelope import as_text

from mailer.adapters.redis.connection import read_script, server_time_ms

if TYPE_CHECKING:
    import redis
    from port_events.consumer_group import Group

MAX_SILENCE_MS: Final = 3600 * 1000
HEARTBEATS: Final = "mailer:heartbeats"
"""A sorted set of mailers' names, scored by the time of the last heartbeat in ms of Redis' clock."""
_REMOVE_GONE: Final = read_script("remove_gone_mailers")


class Heartbeats:
    def __init__(self, client: redis.Redis, group: Group) -> None:
        self._client, self._group = client, group

    def record(self) -> None:
        self._client.zadd(HEARTBEATS, {self._group.name: server_time_ms(self._client)})

    def remove(self) -> None:
        self._client.zrem(HEARTBEATS, self._group.name)

    def remove_gone_members(self, silence_ms: int = MAX_SILENCE_MS) -> list[str]:
        """Remove members that were silent for `silence_ms` and have no pending entries; return their names."""
        stream, group = self._group.stream, self._group.group
        gone: Any = self._client.eval(
            _REMOVE_GONE, 2, stream, HEARTBEATS, group, RELEASED_CONSUMER, silence_ms
        )
        return [as_text(name) for name in gone]


def heartbeat_times(client: redis.Redis) -> dict[str, int]:
    """Return the time of each mailer's last heartbeat in ms of Redis' clock, by name."""
    found: Any = client.zrange(HEARTBEATS, 0, -1, withscores=True)
    return {as_text(name): int(at_ms) for name, at_ms in found}

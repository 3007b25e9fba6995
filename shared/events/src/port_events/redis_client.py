"""What every client of Redis shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis


def check_writable(client: Redis, key: str) -> None:
    """Raise redis.RedisError unless the server accepts writes: not a replica, not full, its disk not failing.

    `key` must not exist: SET with XX then changes nothing, but Redis refuses it whenever it refuses a write.
    """
    client.set(key, "", xx=True)

"""A right that one member of a group has at a time, until it gives it back or falls silent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redis.exceptions import WatchError

from port_events.envelope import as_text

if TYPE_CHECKING:
    from redis import Redis


class Lease:
    """`name` tells the members apart; the lease ends `lease_ms` after it was last renewed. What raises is redis."""

    def __init__(self, client: Redis, key: str, name: str, lease_ms: int) -> None:
        self._client = client
        self._key = key
        self._name = name
        self._lease_ms = lease_ms
        self._acquired_at = 0.0

    def acquire(self) -> bool:
        """Take it where nobody has it; tells whether it is ours."""
        now = time.monotonic()
        ours = bool(self._client.set(self._key, self._name, nx=True, px=self._lease_ms))
        self._acquired_at = now if ours else self._acquired_at
        return ours or self._change(self._lease_ms)

    def renew(self) -> bool:
        """Have it for another while, where a third of it may be over; False when it is no longer ours."""
        now = time.monotonic()
        if (now - self._acquired_at) * 1000 < self._lease_ms / 3:
            return True
        if not self._change(self._lease_ms):
            return False
        self._acquired_at = now
        return True

    def release(self) -> None:
        """Let the next one have it at once, if it is ours."""
        self._change(0)

    def _change(self, lease_ms: int) -> bool:
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.watch(self._key)  # type: ignore[no-untyped-call]  # redis-py's own gap
            holder = pipeline.get(self._key)
            if holder is None or as_text(holder) != self._name:
                return False
            pipeline.multi()
            if lease_ms:
                pipeline.set(self._key, self._name, px=lease_ms)
            else:
                pipeline.delete(self._key)
            try:
                pipeline.execute()
            except WatchError:
                return False
            return True

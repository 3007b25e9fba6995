"""A lock in Redis that one member of a group has until it releases the lock or stops renewing it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redis.exceptions import WatchError

from port_events.envelope import as_text

if TYPE_CHECKING:
    from redis import Redis


class Lease:
    """A lease of the member `name`, which expires `lease_ms` after its last renewal. Methods raise redis.RedisError."""

    def __init__(self, client: Redis, key: str, name: str, lease_ms: int) -> None:
        self._client = client
        self._key = key
        self._name = name
        self._lease_ms = lease_ms
        self._acquired_at = 0.0

    def acquire(self) -> bool:
        """Acquire the lease if it is free, or extend it if this member has it; return whether this member has it."""
        now = time.monotonic()
        acquired = bool(self._client.set(self._key, self._name, nx=True, px=self._lease_ms))
        self._acquired_at = now if acquired else self._acquired_at
        return acquired or self._change(self._lease_ms)

    def renew(self) -> bool:
        """Once a third of the duration has passed, extend the lease; return False if this member has lost it."""
        now = time.monotonic()
        if (now - self._acquired_at) * 1000 < self._lease_ms / 3:
            return True
        if not self._change(self._lease_ms):
            return False
        self._acquired_at = now
        return True

    def release(self) -> None:
        self._change(0)

    def _change(self, lease_ms: int) -> bool:
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.watch(self._key)  # type: ignore[no-untyped-call]  # redis-py lacks the type
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

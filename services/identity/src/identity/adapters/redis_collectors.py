"""Metrics that are read from Redis on each scrape (OPS-4)."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from port_events.envelope import MAIL_STREAM
from port_events.lag import group_lags
from port_runtime.metrics import Sample
from redis import Redis

from identity.metrics.relay import (
    REDIS_MEMORY,
    REDIS_MEMORY_MAX,
    STREAM_ENTRIES,
    STREAM_LAG,
    STREAM_OLDEST,
    STREAM_PENDING,
    STREAMS,
)

MAX_GROUPS: Final = 50
"""The maximum number of groups with series for each stream, because consumers may create any number of groups."""


class StreamCollector:
    """The length of each stream and the lag of each consumer group."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client = client
        self._keys = dict(zip(STREAMS, (stream, MAIL_STREAM), strict=True))

    def collect(self) -> Iterator[Sample]:
        """Count a missing stream as empty. A group has no STREAM_LAG if Redis cannot count its unread entries."""
        for stream, key in self._keys.items():
            yield Sample(STREAM_ENTRIES, int(self._client.xlen(key)), (stream,))
            for lag in islice(group_lags(self._client, key), MAX_GROUPS):
                labels = (stream, lag.group)
                yield Sample(STREAM_PENDING, lag.pending, labels)
                yield Sample(STREAM_OLDEST, lag.oldest_seconds, labels)
                if lag.unread is not None:
                    yield Sample(STREAM_LAG, lag.unread, labels)


class RedisMemoryCollector:
    """The memory of Redis, which refuses commands that need more at its limit (`noeviction`)."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def collect(self) -> Iterator[Sample]:
        found = self._client.info("memory")
        yield Sample(REDIS_MEMORY, found["used_memory"])
        yield Sample(REDIS_MEMORY_MAX, found["maxmemory"])

"""Gauges that are read at each scrape of a mailer: from Redis, and from the process itself (OPS-4).

The cost does not grow with the queue, unlike `mailer queue`, which counts mail by mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from port_events.envelope import as_text
from port_runtime.metrics import Sample
from redis.exceptions import ResponseError

from mailer.adapters.redis.ledger import DEAD as DEAD_KEY
from mailer.adapters.redis.pause import PAUSED as PAUSED_KEY
from mailer.adapters.redis.stream import GROUP
from mailer.metrics import DEAD, IN_HAND, OLDEST, PAUSED, SMTP_AWAY, STREAM_LAG, STREAM_PENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

    from mailer.in_flight import InFlight


class QueueCollector:
    """The queue of all mailers, from commands that Redis answers in constant time."""

    def __init__(self, client: redis.Redis, *, stream: str) -> None:
        self._client, self._stream = client, stream

    def collect(self) -> Iterator[Sample]:
        """Raise what redis raises."""
        yield Sample(DEAD, int(self._client.hlen(DEAD_KEY)))
        yield Sample(PAUSED, int(self._client.exists(PAUSED_KEY)))
        group = self._group()
        if group is None:  # until a mailer has created the group there is no lag
            return
        yield Sample(STREAM_PENDING, int(group["pending"]))
        if group.get("lag") is not None:
            yield Sample(STREAM_LAG, int(group["lag"]))
        yield Sample(OLDEST, self._oldest_seconds(group))

    def _group(self) -> Any:
        try:
            groups: Any = self._client.xinfo_groups(self._stream)
        except ResponseError as error:
            if "no such key" not in str(error):
                raise
            return None
        return next((group for group in groups if as_text(group["name"]) == GROUP), None)

    def _oldest_seconds(self, group: Any) -> float:
        """Return the age of the oldest pending entry, or else of the first unread one, by Redis' clock."""
        if group["pending"]:
            summary: Any = self._client.xpending(self._stream, GROUP)
            first = summary["min"]
        else:
            after = f"({as_text(group['last-delivered-id'])}"
            entries: Any = self._client.xrange(self._stream, after, "+", count=1)
            first = entries[0][0] if entries else None
        if first is None:
            return 0
        seconds, microseconds = self._client.time()
        return max(seconds + microseconds / 1_000_000 - int(as_text(first).partition("-")[0]) / 1000, 0)


class ProcessCollector:
    """The state of this process."""

    def __init__(self, in_flight: InFlight, is_unavailable: Callable[[], bool]) -> None:
        self._in_flight, self._is_unavailable = in_flight, is_unavailable

    def collect(self) -> Iterator[Sample]:
        """Yield the samples; asks no server."""
        yield Sample(SMTP_AWAY, int(self._is_unavailable()))
        for state, count in self._in_flight.counts().items():
            yield Sample(IN_HAND, count, (state,))

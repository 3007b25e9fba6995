"""What is looked up at each scrape of a mailer: in Redis, and on its own desk (OPS-4).

Cheap however long the queue is, unlike `mailer queue`, which counts mail by mail.
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
    """The whole queue, of all mailers, as far as Redis tells it at once."""

    def __init__(self, client: redis.Redis, *, stream: str) -> None:
        self._client, self._stream = client, stream

    def collect(self) -> Iterator[Sample]:
        """Raise what redis raises."""
        yield Sample(DEAD, int(self._client.hlen(DEAD_KEY)))
        yield Sample(PAUSED, int(self._client.exists(PAUSED_KEY)))
        group = self._group()
        if group is None:  # no mailer has made it yet: nothing is known to be behind
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
        """Return the age of what was given first and is not finished, else of what comes next; by Redis' clock."""
        if group["pending"]:
            summary: Any = self._client.xpending(self._stream, GROUP)
            first = summary["min"]
        else:
            behind = f"({as_text(group['last-delivered-id'])}"
            entries: Any = self._client.xrange(self._stream, behind, "+", count=1)
            first = entries[0][0] if entries else None
        if first is None:
            return 0
        seconds, microseconds = self._client.time()
        return max(seconds + microseconds / 1_000_000 - int(as_text(first).partition("-")[0]) / 1000, 0)


class ProcessCollector:
    """This mailer's own."""

    def __init__(self, in_flight: InFlight, is_unavailable: Callable[[], bool]) -> None:
        self._in_flight, self._is_unavailable = in_flight, is_unavailable

    def collect(self) -> Iterator[Sample]:
        """Ask nobody but this process."""
        yield Sample(SMTP_AWAY, int(self._is_unavailable()))
        for place, count in self._in_flight.counts().items():
            yield Sample(IN_HAND, count, (place,))

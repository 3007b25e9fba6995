"""A mailer's gauges, read from Redis and from the process at each scrape (OPS-4).

The duration of a scrape does not depend on the length of the queue, while `mailer queue` counts each mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from port_events.envelope import MAIL_STREAM
from port_events.lag import group_lags
from port_runtime.metrics import Sample

from mailer.adapters.redis.delivery_ledger import DEAD as DEAD_KEY
from mailer.adapters.redis.queue_pause import PAUSED as PAUSED_KEY
from mailer.adapters.redis.stream import GROUP
from mailer.metrics import DEAD, IN_FLIGHT, OLDEST, PAUSED, SMTP_UNAVAILABLE, STREAM_LAG, STREAM_PENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis

    from mailer.in_flight import InFlight


class QueueCollector:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def collect(self) -> Iterator[Sample]:
        """Yield the samples. Raises redis.RedisError."""
        yield Sample(DEAD, int(self._client.hlen(DEAD_KEY)))
        yield Sample(PAUSED, int(self._client.exists(PAUSED_KEY)))
        for lag in group_lags(self._client, MAIL_STREAM):
            if lag.group == GROUP:
                yield Sample(STREAM_PENDING, lag.pending)
                if lag.unread is not None:
                    yield Sample(STREAM_LAG, lag.unread)
                yield Sample(OLDEST, lag.oldest_seconds)


class ProcessCollector:
    def __init__(self, in_flight: InFlight, is_unavailable: Callable[[], bool]) -> None:
        self._in_flight, self._is_unavailable = in_flight, is_unavailable

    def collect(self) -> Iterator[Sample]:
        yield Sample(SMTP_UNAVAILABLE, int(self._is_unavailable()))
        for state, count in self._in_flight.counts().items():
            yield Sample(IN_FLIGHT, count, (state,))

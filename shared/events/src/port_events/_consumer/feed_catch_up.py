"""Reads the feed for events that were trimmed from the stream before the group handled them (EVT-6).

The member that has the lease reads the feed; other members that notice the gap wait. Then all continue with the stream.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from port_events._consumer.retry import exponential_backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from port_events._consumer.catch_up_lease import Lease
    from port_events._consumer.deliveries import Delivery, FeedSource
    from port_events._consumer.gap_detection import Gap, GroupPosition
    from port_events._consumer.retry import Retrier
    from port_events.feed import Feed, FeedItem

PEER_WAIT_SECONDS: Final = 0.5

_log = logging.getLogger(__name__)


class FeedCatchUp:
    """Reads trimmed events from the feed. Without a feed, it skips them, and `lost` counts them."""

    def __init__(
        self, position: GroupPosition, lease: Lease, retrier: Retrier, feed: Feed | None, source: FeedSource
    ) -> None:
        self._position, self._lease, self._retrier = position, lease, retrier
        self._feed, self._source = feed, source
        self._is_leading = False
        self.lost = 0

    def renew(self) -> None:
        """Extend the lease while this member reads the feed. Raises redis.RedisError."""
        if self._is_leading:
            self._is_leading = self._lease.renew()

    def deliveries(self, keep_alive: Callable[[], None]) -> Iterator[Delivery]:
        """Yield the missing events; an event counts as handled when the next event is requested.

        Calls `keep_alive` before each event, and each time before it looks for a further gap. Raises Stopped,
        CursorExpired, FeedRefused and redis.RedisError.
        """
        call = self._retrier.call
        while gap := call(self._position.find_gap):
            if self._feed is None:
                call(self._skip, gap)
            elif call(self._lease.acquire):
                yield from self._lead(self._feed, keep_alive)
            else:
                self._retrier.wait(PEER_WAIT_SECONDS)
            keep_alive()

    def _lead(self, feed: Feed, keep_alive: Callable[[], None]) -> Iterator[Delivery]:
        call = self._retrier.call
        self._is_leading = True
        try:
            for item in self._missing(feed):
                keep_alive()
                if not self._is_leading:
                    return
                yield call(self._source.deliver, item)
                call(self._position.advance, item.position)
        finally:
            self._is_leading = False
            with suppress(RedisError):
                self._lease.release()

    def _missing(self, feed: Feed) -> Iterator[FeedItem]:
        call = self._retrier.call
        waits = exponential_backoff()
        while True:
            fingerprint = call(self._position.fingerprint)
            gap = call(self._position.find_gap)
            if gap is None:
                return
            _log.info("reading the feed after position %d", gap.after)
            items = call(feed.read, gap.after)
            if items:
                yield from self._within(gap, items)
            elif gap.before is None:
                self._position.mark_complete(fingerprint)
            else:  # the feed lacks events of the stream: the relay appends to the stream before it commits
                self._retrier.wait(next(waits))

    def _within(self, gap: Gap, items: list[FeedItem]) -> Iterator[FeedItem]:
        for item in items:
            if gap.before is not None and item.position >= gap.before:
                self._retrier.call(self._position.advance, gap.before - 1)
                return
            yield item

    def _skip(self, gap: Gap) -> None:
        if gap.before is None:
            self._position.mark_complete(self._position.fingerprint())
            return
        lost = gap.before - 1 - gap.after
        self._position.advance(gap.before - 1)
        self.lost += lost
        _log.error("%d events after position %d were trimmed before they were handled", lost, gap.after)

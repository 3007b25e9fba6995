"""From the stream to the feed and back, without a gap: what was trimmed before it was handled (EVT-6).

One member reads the feed under a lease, the others wait; then all go on with the stream.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from port_events._consumer.retry import exponential_backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from port_events._consumer.deliveries import Delivery, FeedSource
    from port_events._consumer.lease import Lease
    from port_events._consumer.position import Gap, GroupPosition
    from port_events._consumer.retry import Retrier
    from port_events.feed import Feed, FeedItem

PEER_WAIT_SECONDS: Final = 0.5

_log = logging.getLogger(__name__)


class FeedCatchUp:
    """`missed` counts the events that the stream no longer had and no feed could give."""

    def __init__(
        self, progress: GroupPosition, lease: Lease, patience: Retrier, feed: Feed | None, origin: FeedSource
    ) -> None:
        self._position, self._lease, self._retrier = progress, lease, patience
        self._feed, self._source = feed, origin
        self._leading = False
        self.lost = 0

    def renew(self) -> None:
        """Have the lease for another while, if it is ours. Raises what redis raises."""
        if self._leading:
            self._leading = self._lease.renew()

    def deliveries(self, meanwhile: Callable[[], None]) -> Iterator[Delivery]:
        """Yield what must be handled before the stream goes on; each counts as handled when the next is asked for.

        `meanwhile` is called again and again. Raises Stopped, CursorExpired, FeedRefused.
        """
        while gap := self._retrier.call(self._position.check):
            if self._feed is None:
                self._retrier.call(lambda gap=gap: self._pass_over(gap))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            elif self._retrier.call(self._lease.acquire):
                yield from self._under_the_lease(self._feed, meanwhile)
            else:
                self._retrier.wait(PEER_WAIT_SECONDS)
            meanwhile()

    def _under_the_lease(self, feed: Feed, meanwhile: Callable[[], None]) -> Iterator[Delivery]:
        self._leading = True
        try:
            for item in self._missing(feed):
                meanwhile()
                if not self._leading:
                    return
                yield self._retrier.call(lambda item=item: self._source.deliver(item))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                self._retrier.call(lambda item=item: self._position.advance(item.position))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        finally:
            self._leading = False
            with suppress(RedisError):
                self._lease.release()

    def _missing(self, feed: Feed) -> Iterator[FeedItem]:
        waits = exponential_backoff()
        while True:
            sign = self._retrier.call(self._position.fingerprint)
            gap = self._retrier.call(self._position.check)
            if gap is None:
                return
            _log.info("reading the feed after position %d", gap.after)
            items = self._retrier.call(lambda gap=gap: feed.read(gap.after))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            if items:
                yield from self._up_to(gap, items)
            elif gap.before is None:
                self._position.mark_complete(sign)
            else:  # the relay appends to the stream before it commits to the feed
                self._retrier.wait(next(waits))

    def _up_to(self, gap: Gap, items: list[FeedItem]) -> Iterator[FeedItem]:
        for item in items:
            if gap.before is not None and item.position >= gap.before:
                self._retrier.call(lambda: self._position.advance(gap.before - 1))  # type: ignore[operator]  # checked above; mypy forgets it in a lambda
                return
            yield item

    def _pass_over(self, gap: Gap) -> None:
        if gap.before is None:
            self._position.mark_complete(self._position.fingerprint())
            return
        missed = gap.before - 1 - gap.after
        self._position.advance(gap.before - 1)
        self.lost += missed
        _log.error("%d events after position %d were trimmed before they were handled", missed, gap.after)

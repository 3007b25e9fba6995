"""Growing waits that end at once when their consumer is told to stop."""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from redis import exceptions

from port_events.feed import FeedUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

SHORTEST_WAIT_SECONDS: Final = 0.05
LONGEST_WAIT_SECONDS: Final = 2.0  # so long a consumer may not notice that the server is back

# What passes by itself: Redis restarts, is not reached, fails over, is full; identity's feed does not answer.
PASSING: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.ClusterDownError,
    exceptions.OutOfMemoryError,
    exceptions.ExecAbortError,
    FeedUnavailable,
)

_log = logging.getLogger(__name__)


class Stopped(Exception):  # noqa: N818 - named for what it tells
    """The consumer was told to stop while it waited."""


class Patience:
    """`stop` may be called from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End what waits, and what would."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Wait about that long. Raises Stopped."""
        if self._stopped.wait(seconds * random.uniform(0.5, 1)):  # noqa: S311 - no secret: it keeps peers from waking together
            raise Stopped

    def until(self, call: Callable[[], T]) -> T:
        """Call until Redis and the feed answer, with growing waits. Raises Stopped when stopped meanwhile."""
        waits = growing_waits()
        while True:
            try:
                return call()
            except PASSING as error:
                server = "the feed" if isinstance(error, FeedUnavailable) else "redis"
                _log.warning("%s does not answer (%s), trying again", server, type(error).__name__)
            self.wait(next(waits))


def growing_waits(
    shortest: float = SHORTEST_WAIT_SECONDS, longest: float = LONGEST_WAIT_SECONDS, factor: float = 2
) -> Iterator[float]:
    """Yield waits in seconds without end, each longer than the last until the longest."""
    seconds = shortest
    while True:
        yield seconds
        seconds = min(seconds * factor, longest)

"""Retries calls to Redis and the feed, and failing handlers, with exponential backoff."""

from __future__ import annotations

import logging
import random
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from redis import exceptions

from port_events.feed import FeedUnavailable
from port_events.redis_client import is_unable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from port_events._consumer.deliveries import Delivery
    from port_events.envelope import Event

P = ParamSpec("P")
T = TypeVar("T")

MIN_WAIT_SECONDS: Final = 0.05
MAX_WAIT_SECONDS: Final = 2.0  # the longest delay until a consumer calls an unavailable server again

MAX_TRIES: Final = 5
# At most 0.1, 0.5, 2.5 and 10 seconds between five attempts.
HANDLER_MIN_WAIT_SECONDS: Final = 0.1
HANDLER_MAX_WAIT_SECONDS: Final = 10.0
HANDLER_WAIT_FACTOR: Final = 5

# Redis is unreachable, restarting or out of memory, or refused a command of a transaction; or the feed is unavailable.
TRANSIENT_ERRORS: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.OutOfMemoryError,
    exceptions.ExecAbortError,
    FeedUnavailable,
)

_log = logging.getLogger(__name__)


class RetryLater(Exception):  # noqa: N818 - named after its cause
    """Raised by a handler if the event is not the cause of the failure, for example if the handler's database is down.

    The event is retried; the attempt does not count towards a dead letter.
    """


class Stopped(Exception):  # noqa: N818 - named after its cause
    """The consumer was stopped while it waited."""


class Retrier:
    """Waits and retries until `stop`, which any thread or signal handler may call.

    `disconnect` closes the connections to a server that answers but cannot work. A client of `redis_client.connect`
    closes them itself, but a consumer may use another client.
    """

    def __init__(self, disconnect: Callable[[], None]) -> None:
        self._disconnect = disconnect
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the current wait and all later waits."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Wait for a random time between half of `seconds` and `seconds`. Raises Stopped."""
        if self._stopped.wait(seconds * random.uniform(0.5, 1)):  # noqa: S311 - jitter, not a secret
            raise Stopped

    def call(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call the function, and after each transient error call it again, with exponential backoff.

        Raises Stopped, and the function's other errors.
        """
        waits = exponential_backoff()
        while True:
            try:
                return function(*arguments, **keywords)
            except (*TRANSIENT_ERRORS, exceptions.ResponseError) as error:
                if is_unable(error):
                    self._disconnect()
                elif not isinstance(error, TRANSIENT_ERRORS):
                    raise
                server = "the feed" if isinstance(error, FeedUnavailable) else "redis"
                _log.warning("%s does not answer (%s), retrying", server, type(error).__name__)
            self.wait(next(waits))


class HandlerRetry:
    """Runs a handler until it succeeds or has failed `tries` times; calls `between_tries` before each further attempt.

    Attempts that raise RetryLater are not counted.
    """

    def __init__(self, retrier: Retrier, tries: int, between_tries: Callable[[], None]) -> None:
        self._retrier, self._tries, self._between_tries = retrier, tries, between_tries

    def run(self, handler: Callable[[Event], object], event: Event, delivery: Delivery) -> str:
        """Return "" on success, or the reason of the last failure. Raises Stopped and redis.RedisError.

        The reason contains the error's class, file and line, never its message, which may contain personal data.
        """
        waits = exponential_backoff(HANDLER_MIN_WAIT_SECONDS, HANDLER_MAX_WAIT_SECONDS, HANDLER_WAIT_FACTOR)
        while True:
            try:
                handler(event)
            except RetryLater:
                _log.warning("event %s is retried until it can be handled", event.id)
            except Exception as error:  # noqa: BLE001 - one failing event must not stop the others
                reason = _reason(error)
                _log.warning("event %s failed, %d of %d: %s", event.id, delivery.times, self._tries, reason)
                if delivery.times >= self._tries:
                    return reason
                self._retrier.call(delivery.redeliver)
            else:
                return ""
            self._retrier.wait(next(waits))
            self._between_tries()


def exponential_backoff(
    shortest: float = MIN_WAIT_SECONDS, longest: float = MAX_WAIT_SECONDS, factor: float = 2
) -> Iterator[float]:
    """Yield an endless series of waits in seconds; each is `factor` times the previous wait, up to `longest`."""
    seconds = shortest
    while True:
        yield seconds
        seconds = min(seconds * factor, longest)


def _reason(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    location = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + location

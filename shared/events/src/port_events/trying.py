"""Calling a handler until it goes well, or often enough to know that it will not."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from port_events.patience import growing_waits

if TYPE_CHECKING:
    from collections.abc import Callable

    from port_events.deliveries import Delivery
    from port_events.envelope import Event
    from port_events.patience import Patience

TRIES: Final = 5
# 0.1, 0.5, 2.5 and 10 seconds between five tries, in steps of five.
FIRST_WAIT_SECONDS: Final = 0.1
LAST_WAIT_SECONDS: Final = 10.0
WAIT_FACTOR: Final = 5

_log = logging.getLogger(__name__)


class NotNow(Exception):  # noqa: N818 - named for what it tells
    """Raised by a handler when what fails is not the event's fault, as when its own database is away.

    The event is tried again until it goes well; it is never set aside for that.
    """


class Trying:
    """`meanwhile` is called between two tries."""

    def __init__(self, patience: Patience, tries: int, meanwhile: Callable[[], None]) -> None:
        self._patience, self._tries, self._meanwhile = patience, tries, meanwhile

    def handle(self, handler: Callable[[Event], object], event: Event, delivery: Delivery) -> str:
        """Return "" when it went well, or why it did not after that many tries. Raises Stopped.

        The reason names the kind of the error and its place, never its words: they may hold personal data.
        """
        waits = growing_waits(FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS, WAIT_FACTOR)
        while True:
            try:
                handler(event)
            except NotNow:
                _log.warning("event %s waits until it can be handled", event.id)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
                reason = _reason(error)
                _log.warning("event %s failed, %d of %d: %s", event.id, delivery.times, self._tries, reason)
                if delivery.times >= self._tries:
                    return reason
                self._patience.until(delivery.again)
            else:
                return ""
            self._patience.wait(next(waits))
            self._meanwhile()


def _reason(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place

"""A clock that only tests move."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until advanced; never goes back, since servers of the whole run share it."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the present moment of the test."""
        with self._lock:
            return self._now

    def advance(self, **length: float) -> None:
        """Let time pass, e.g. `advance(hours=24)`."""
        with self._lock:
            self._now += timedelta(**length)

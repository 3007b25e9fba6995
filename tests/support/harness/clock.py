"""The clock of the system under test."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still or, with `running`, follows real time. Tests share servers, so it never moves back."""

    def __init__(self, *, running: bool = False) -> None:
        self._stopped_at = None if running else datetime.now(UTC).replace(microsecond=0)
        self._offset = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return (self._stopped_at or datetime.now(UTC)) + self._offset

    def advance(self, **length: float) -> None:
        """Move the clock forward, e.g. `advance(hours=24)`."""
        with self._lock:
            self._offset += timedelta(**length)

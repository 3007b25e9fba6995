"""The clock of the system under test."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still, or follows real time with `running`; moves only forward, because tests share servers."""

    def __init__(self, *, running: bool = False) -> None:
        self._stopped_at = None if running else datetime.now(UTC).replace(microsecond=0)
        self._offset = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the time of the test."""
        with self._lock:
            return (self._stopped_at or datetime.now(UTC)) + self._offset

    def advance(self, **length: float) -> None:
        """Move forward, e.g. `advance(hours=24)`."""
        with self._lock:
            self._offset += timedelta(**length)

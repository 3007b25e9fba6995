"""The time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time; tests set their own."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

"""The clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The clock; tests replace it."""

    def now(self) -> datetime:
        """Return the current time as an aware datetime in UTC."""

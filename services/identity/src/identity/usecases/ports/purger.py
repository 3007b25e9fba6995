"""Deleting rows past their retention."""

from datetime import datetime
from typing import Protocol


class Purger(Protocol):
    """Deletes rows past their retention."""

    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        """Delete what has ended or expired, and logouts that are done; return how many rows."""

    def purge_events(self, before: datetime) -> int:
        """Delete events published before that time, oldest first; return how many.

        Stops at an event whose mail has no receipt, and before the newest event: the feed has no gap, and the next
        position follows from the newest.
        """

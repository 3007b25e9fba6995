"""Deletion of rows after their retention."""

from datetime import datetime
from typing import Protocol


class Purger(Protocol):
    """The deletion of rows after their retention."""

    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        """Delete ended, expired and completed rows; return their number."""

    def purge_events(self, before: datetime) -> int:
        """Delete events that were published before `before`, oldest first; return their number.

        Stops at an event whose mail has no receipt, so that the feed has no gaps, and before the newest event, because
        the next position follows it.
        """

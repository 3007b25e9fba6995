"""Deletion of rows after their retention."""

from datetime import datetime
from typing import Protocol


class Purger(Protocol):
    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        """Delete rows past their expiry or retention, but no events and no audit rows; return their number.

        A session is also deleted if it was last used at or before `idle_since`.
        """

    def purge_events(self, before: datetime) -> int:
        """Delete events that were published at or before `before`, oldest first; return their number.

        Stops at an event whose mail is still waiting, so that the feed has no gaps, and before the newest event,
        because the next position follows it.
        """

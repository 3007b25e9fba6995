"""Logout notifications for clients (OIDC-22)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.backchannel_logout import LeasedLogout, Logout
from identity.domain.grant import EndedGrant


class Logouts(Protocol):
    def add_pending(self, ended: Sequence[EndedGrant], now: datetime) -> None:
        """Add a logout for each grant whose client has a back-channel logout URI.

        If a logout was added, the commit wakes `identity notify` on PostgreSQL; on SQLite the process polls.
        """

    def clients_due(self, now: datetime) -> Sequence[str]:
        """Return the names of clients with a due logout that is not leased, in order of name."""

    def lease(self, client: str, now: datetime, *, until: datetime) -> LeasedLogout | None:
        """Lease the client's next due logout and count the attempt.

        Returns None if none is due, or if MAX_AT_ONCE logouts of the client are leased.
        """

    def settle(self, logout: LeasedLogout, outcome: str, now: datetime) -> bool:
        """End a logout with the outcome of its last attempt.

        Returns False, without changes, if another process or an operator has changed the logout since its lease.
        """

    def postpone(self, logout: LeasedLogout, outcome: str, *, due_at: datetime) -> bool:
        """Record the outcome of an attempt, and when the next is due; return False as in `settle`."""

    def unsettled(self, *, client: str | None, limit: int) -> Sequence[Logout]:
        """Return the logouts that are pending or were set aside, oldest first; with `client`, only that client's."""

    def retry(self, logout_id: int, now: datetime) -> Logout | None:
        """Make an unsettled logout due now, as if it were new, and wake `identity notify` as `add_pending` does.

        Returns None if no unsettled logout has this id.
        """

    def drop(self, logout_id: int, now: datetime) -> Logout | None:
        """End an unsettled logout without notifying its client; return None if no unsettled logout has this id."""

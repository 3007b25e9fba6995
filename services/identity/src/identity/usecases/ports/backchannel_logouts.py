"""Logout notifications for clients (OIDC-22)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.backchannel_logout import LeasedLogout, Logout
from identity.domain.grant import EndedGrant


class Logouts(Protocol):
    """The pending and completed logouts."""

    def add_pending(self, ended: Sequence[EndedGrant], now: datetime) -> None:
        """Add a logout for each grant whose client registered a back-channel logout URI, and wake `notify`."""

    def clients_due(self, now: datetime) -> Sequence[str]:
        """Return the clients that have a due logout."""

    def lease(self, client: str, now: datetime, *, until: datetime) -> LeasedLogout | None:
        """Lease the client's next due logout, unless MAX_AT_ONCE are leased already."""

    def settle(self, logout: LeasedLogout, outcome: str, now: datetime) -> bool:
        """Record the last attempt; return False if another process has taken over the lease."""

    def postpone(self, logout: LeasedLogout, outcome: str, *, due_at: datetime) -> bool:
        """Record an attempt that is followed by another; return False if another process has taken over the lease."""

    def unsettled(self, *, client: str | None, limit: int) -> Sequence[Logout]:
        """Return the logouts that are pending or were set aside, oldest first."""

    def retry(self, logout_id: int, now: datetime) -> Logout | None:
        """Make an unsettled logout pending again, and wake `notify`; return None if the id is unknown."""

    def drop(self, logout_id: int, now: datetime) -> Logout | None:
        """Discard an unsettled logout; return None if the id is unknown."""

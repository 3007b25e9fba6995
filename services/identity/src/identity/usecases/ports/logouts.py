"""The logouts of which clients must be notified (OIDC-22)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.grant import EndedGrant
from identity.domain.logout import LeasedLogout, Logout


class Logouts(Protocol):
    """Pending logouts, and those that are done."""

    def add_pending(self, ended: Sequence[EndedGrant], now: datetime) -> None:
        """Add a logout for each grant whose client registered a back-channel logout URI, and wake `notify`."""

    def clients_due(self, now: datetime) -> Sequence[str]:
        """Return the clients with a logout to be tried now."""

    def lease(self, client: str, now: datetime, *, until: datetime) -> LeasedLogout | None:
        """Lease the client's next due logout, if there is one and fewer than MAX_AT_ONCE are leased."""

    def settle(self, logout: LeasedLogout, outcome: str, now: datetime) -> bool:
        """Record the last try; return False if another process has taken the lease over."""

    def postpone(self, logout: LeasedLogout, outcome: str, *, due_at: datetime) -> bool:
        """Record a try that is followed by another; return False if another process has taken the lease over."""

    def unsettled(self, *, client: str | None, limit: int) -> Sequence[Logout]:
        """Return what waits and what was set aside, oldest first."""

    def retry(self, logout_id: int, now: datetime) -> Logout | None:
        """Make an unsettled logout pending again, and wake `notify`; None if there is none with this id."""

    def drop(self, logout_id: int, now: datetime) -> Logout | None:
        """Give up an unsettled logout for good; None if there is none with this id."""

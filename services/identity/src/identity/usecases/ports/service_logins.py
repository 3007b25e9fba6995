"""Reads of grants with the names of their services and accounts (OIDC-24)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.open_login import ServiceLogin


class ServiceLogins(Protocol):
    """The logins at services, newest first."""

    def of_holder(self, account_id: str, now: datetime) -> Sequence[ServiceLogin]:
        """Return what an account holds and has not ended."""

    def of_account(self, account_id: str, now: datetime) -> Sequence[ServiceLogin]:
        """Return what an account holds and what acts as it, as far as it has not ended."""

    def of_session(self, session_id: str, now: datetime) -> Sequence[ServiceLogin]:
        """Return what was opened from a session and has not ended."""

    def every_of_holder(self, account_id: str) -> Sequence[ServiceLogin]:
        """Return what an account holds or held, as long as it is kept."""

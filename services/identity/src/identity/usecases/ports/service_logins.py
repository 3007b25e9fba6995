"""Queries for grants with the names of their services and accounts (OIDC-24)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.open_login import ServiceLogin


class ServiceLogins(Protocol):
    """The logins at services, newest first. A login is active while its grant has neither ended nor expired."""

    def of_holder(self, account_id: str, now: datetime) -> Sequence[ServiceLogin]:
        """Return the active logins that an account made."""

    def of_account(self, account_id: str, now: datetime) -> Sequence[ServiceLogin]:
        """Return the active logins that an account made or that act as the account."""

    def of_session(self, session_id: str, now: datetime) -> Sequence[ServiceLogin]:
        """Return the active logins that were opened from a session."""

    def every_of_holder(self, account_id: str) -> Sequence[ServiceLogin]:
        """Return all stored logins that an account made, including ended logins."""

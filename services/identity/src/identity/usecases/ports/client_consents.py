"""Consents of people to what services get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class ClientConsents(Protocol):
    """What people have agreed to give to services that ask (OIDC-11)."""

    def scopes(self, account_id: str, client: str) -> Sequence[str]:
        """Return the scopes that a person has agreed to."""

    def add(self, account_id: str, client: str, scopes: Sequence[str], now: datetime) -> None:
        """Add scopes to those that a person has agreed to."""

    def forget(self, account_id: str) -> None:
        """Delete all consents of a person."""

"""People's consents to the scopes of services."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class ClientConsents(Protocol):
    """The scopes that people have consented to, by service (OIDC-11)."""

    def scopes(self, account_id: str, client: str) -> Sequence[str]:
        """Return the scopes that a person has consented to."""

    def add(self, account_id: str, client: str, scopes: Sequence[str], now: datetime) -> None:
        """Add scopes to a person's consent."""

    def forget(self, account_id: str) -> None:
        """Delete all consents of a person."""

"""People's consents to the scopes of clients (OIDC-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class ClientConsents(Protocol):
    def scopes(self, account_id: str, client: str) -> Sequence[str]:
        """Return the scopes to which a person has consented for a client; empty without a consent."""

    def add(self, account_id: str, client: str, scopes: Sequence[str], now: datetime) -> None:
        """Add scopes to those to which the person has already consented."""

    def forget(self, account_id: str) -> None:
        """Delete a person's consents for all clients."""

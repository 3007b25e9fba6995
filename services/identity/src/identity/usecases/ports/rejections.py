"""The rejected applications."""

from typing import Protocol

from identity.domain.rejection import Rejection


class Rejections(Protocol):
    """The rejected applications within one transaction."""

    def add(self, rejection: Rejection) -> None:
        """Add a rejection."""

    def drop(self, account_id: str) -> None:
        """Delete an account's rejection."""

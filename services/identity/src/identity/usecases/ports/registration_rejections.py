"""Rejected registrations."""

from typing import Protocol

from identity.domain.registration_rejection import Rejection


class Rejections(Protocol):
    """The rejected registrations."""

    def add(self, rejection: Rejection) -> None:
        """Add a rejection."""

    def drop(self, account_id: str) -> None:
        """Delete an account's rejection."""

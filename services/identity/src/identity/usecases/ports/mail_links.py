"""The challenges of links mailed to accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.mail_link import Challenge, Purpose


class MailLinks(Protocol):
    """At most one challenge for each account and purpose."""

    def put(self, challenge: Challenge) -> None:
        """Store a challenge, replacing the previous challenge of its account and purpose."""

    def get(self, account_id: str, purpose: Purpose) -> Challenge | None:
        """Return the challenge in its current state, even if it was loaded before."""

    def drop(self, account_id: str, *purposes: Purpose) -> None:
        """Delete the challenges of these purposes, which invalidates their links."""

    def pending_changes(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of accounts with a pending mailbox whose link was issued at or before `before`."""

"""The challenges of links mailed to accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.mail_link import Challenge, Purpose


class MailLinks(Protocol):
    """The challenges of mailed links, one per account and purpose."""

    def put(self, challenge: Challenge) -> None:
        """Store a challenge, replacing the previous challenge of its account and purpose."""

    def get(self, account_id: str, purpose: Purpose) -> Challenge | None:
        """Return the newest challenge in its current state."""

    def use(self, challenge: Challenge, now: datetime) -> None:
        """Mark the link as used."""

    def drop(self, account_id: str, *purposes: Purpose) -> None:
        """Invalidate the links of these purposes."""

    def pending_changes(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of accounts with a pending mailbox whose link was mailed before `before`, oldest first."""

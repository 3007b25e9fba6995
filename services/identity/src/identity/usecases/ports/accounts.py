"""Accounts, the consents they accepted and the challenges behind links mailed to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain import consent
from identity.domain.account import Account, Kind, Status
from identity.domain.mail_link import Challenge, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Criteria of an account search, combined with AND; `name` and `company` match any part."""

    name: str | None = None
    mailbox: str | None = None
    tax_id: str | None = None
    company: str | None = None
    status: Status | None = None
    kind: Kind | None = None
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A text that an account accepted."""

    document: str
    version: str
    accepted_at: datetime
    address: str


class Accounts(Protocol):
    """The accounts."""

    def add(self, account: Account) -> None:
        """Add a new account."""

    def get(self, account_id: str) -> Account | None:
        """Return an account, open or closed."""

    def locked(self, account_id: str) -> Account | None:
        """Return an account in its current state and lock its row (`FOR UPDATE`)."""

    def shared(self, account_id: str) -> Account | None:
        """Return an account in its current state and lock its row against changes (`FOR SHARE`)."""

    def by_username(self, key: str) -> Account | None:
        """Return the open account with this name."""

    def by_mailbox(self, key: str) -> Account | None:
        """Return the verified account that holds the mailbox."""

    def of_mailbox(self, email: str, tax_id: str | None, *, limit: int) -> Sequence[Account]:
        """Return the open, verified accounts with this mailbox, oldest first; of one company if `tax_id` is given."""

    def find(self, criteria: AccountFilter) -> Sequence[Account]:
        """Return matching accounts, oldest first."""

    def idle(self, since: datetime, *, after: str, limit: int) -> tuple[Sequence[str], str | None]:
        """Examine `limit` accounts by id; return the ids of those unused since that time, and the last id examined.

        Use is read from the audit log. The last id is None when no account was left to examine.
        """

    def is_idle(self, account_id: str, since: datetime) -> bool:
        """Return whether an account is active and has been unused since that time."""

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of open accounts created before that time and never verified."""


class MailLinks(Protocol):
    """The challenges behind mailed links, one per account and purpose."""

    def put(self, challenge: Challenge) -> None:
        """Store a challenge in place of the older one."""

    def get(self, account_id: str, purpose: Purpose) -> Challenge | None:
        """Return the newest challenge in its current state."""

    def use(self, challenge: Challenge, now: datetime) -> None:
        """Mark the link as used."""

    def drop(self, account_id: str, *purposes: Purpose) -> None:
        """Void the links of these purposes."""

    def pending_changes(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of accounts with a pending mailbox whose link was mailed before that time, oldest first."""


class Consents(Protocol):
    """The accepted texts (LOGIN-3)."""

    def of_account(self, account_id: str) -> Sequence[ConsentRecord]:
        """Return what an account accepted, oldest first."""

    def accept(self, account_id: str, texts: Iterable[consent.Text], *, now: datetime, address: str) -> None:
        """Store the version of each text with time and client address."""

    def forget_addresses(self, account_id: str) -> None:
        """Delete the client addresses of an account's consents (OPS-6)."""

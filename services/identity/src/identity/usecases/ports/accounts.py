"""Accounts, and the search for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Account, Kind, Status


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
        """Return the open account with this username key."""

    def by_mailbox(self, key: str) -> Account | None:
        """Return the verified account with this mailbox key."""

    def of_mailbox(self, email: str, tax_id: str | None, *, limit: int) -> Sequence[Account]:
        """Return the open, verified accounts with this mailbox, oldest first; of one company if `tax_id` is given."""

    def find(self, criteria: AccountFilter) -> Sequence[Account]:
        """Return matching accounts, oldest first."""

    def idle(self, since: datetime, *, after: str, limit: int) -> tuple[Sequence[str], str | None]:
        """Examine `limit` accounts by id; return the ids of those unused since `since`, and the last id examined.

        The audit log shows an account's use. The last id is None when no account remains to be examined.
        """

    def is_idle(self, account_id: str, since: datetime) -> bool:
        """Return whether an account is active and has been unused since `since`."""

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of open, unverified accounts that were created before `before`."""

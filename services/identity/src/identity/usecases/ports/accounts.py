"""Accounts, and the search for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Account, Kind, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Criteria of an account search, combined with AND.

    `name` matches any part of a username or full name, and `company` any part of a company's name, both
    case-insensitively; `mailbox` and `tax_id` must be equal. `after` is the id of the last account of the previous
    page.
    """

    name: str | None = None
    mailbox: str | None = None
    tax_id: str | None = None
    company: str | None = None
    status: Status | None = None
    kind: Kind | None = None
    after: str | None = None
    limit: int = 100


class Accounts(Protocol):
    def add(self, account: Account) -> None: ...

    def get(self, account_id: str) -> Account | None:
        """Return an account, even if it is closed."""

    def locked(self, account_id: str) -> Account | None:
        """Return an account in its current state and lock its row (`FOR NO KEY UPDATE`)."""

    def shared(self, account_id: str) -> Account | None:
        """Return an account in its current state and lock its row against changes (`FOR SHARE`)."""

    def by_username(self, key: str) -> Account | None:
        """Return the open account with this username key."""

    def by_mailbox(self, key: str) -> Account | None:
        """Return the open, verified account with this mailbox key."""

    def of_mailbox(self, email: str, tax_id: str | None, *, limit: int) -> Sequence[Account]:
        """Return the open, verified accounts with this mailbox, oldest first; of one company if `tax_id` is given."""

    def find(self, criteria: AccountFilter) -> Sequence[Account]:
        """Return at most `criteria.limit` matching accounts, oldest first."""

    def idle(self, since: datetime, *, after: str, limit: int) -> tuple[Sequence[str], str | None]:
        """Examine up to `limit` accounts in order of id, with ids above `after`.

        Returns the ids for which `is_idle` is true, and the last id examined, or None if no account was left to
        examine.
        """

    def is_idle(self, account_id: str, since: datetime) -> bool:
        """Return whether an account is active, was verified before `since` and has not been used since.

        Logins, switches, approvals and reinstatements in the audit log count as use.
        """

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of open, unverified accounts that were created at or before `before`, oldest first."""

"""Bindings between link accounts and general accounts (BIND)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Account
from identity.domain.bind_code import BindCode
from identity.domain.binding import Binding


@dataclass(frozen=True, slots=True)
class BindingWithAccounts:
    binding: Binding
    link: Account
    general: Account


class Bindings(Protocol):
    def add(self, binding: Binding) -> None: ...

    def get(self, binding_id: str) -> Binding | None: ...

    def locked(self, binding_id: str) -> Binding | None:
        """Return a binding in its current state and lock its row (`FOR NO KEY UPDATE`)."""

    def live_of_general(self, account_id: str) -> Binding | None:
        """Return the live binding of a general account, which has at most one (BIND-4)."""

    def live_of_link(self, account_id: str) -> Sequence[Binding]:
        """Return the live bindings of a link account, in the order in which their general accounts must be locked."""

    def shown_to_link(self, account_id: str) -> Sequence[tuple[Binding, Account, BindCode | None]]:
        """Return a link account's live bindings, and its ended bindings that are not dismissed, oldest first.

        Each comes with its general account and its bind code, if it has one.
        """

    def of_account(self, account_id: str) -> Sequence[BindingWithAccounts]:
        """Return the bindings with the account on either side, live and ended, newest first."""

    def dismiss_removed(self, link_id: str, general_id: str) -> None:
        """Dismiss the ended bindings between two accounts, so that `shown_to_link` leaves them out."""

    def dismiss_of(self, account_id: str) -> None:
        """Dismiss the ended bindings with the account on either side."""

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of unverified bindings that were requested at or before `before`, oldest first."""

"""Bindings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from identity.domain.account import Account
from identity.domain.bind_code import BindCode
from identity.domain.binding import Binding


@dataclass(frozen=True, slots=True)
class BindingWithAccounts:
    """A binding with both its accounts."""

    binding: Binding
    link: Account
    general: Account


class Bindings(Protocol):
    """The bindings."""

    def add(self, binding: Binding) -> None:
        """Add a new binding."""

    def get(self, binding_id: str) -> Binding | None:
        """Return a binding."""

    def locked(self, binding_id: str) -> Binding | None:
        """Return a binding in its current state and lock its row (`FOR UPDATE`)."""

    def live_of_general(self, account_id: str) -> Binding | None:
        """Return the only live binding of a general account (BIND-4)."""

    def live_of_link(self, account_id: str) -> Sequence[Binding]:
        """Return the live bindings of a link account."""

    def shown_to_link(self, account_id: str) -> Sequence[tuple[Binding, Account, BindCode | None]]:
        """Return live bindings, and ended bindings that are not dismissed, oldest first."""

    def of_account(self, account_id: str) -> Sequence[BindingWithAccounts]:
        """Return an account's bindings on either side, newest first."""

    def dismiss_removed(self, link_id: str, general_id: str) -> None:
        """Dismiss the ended bindings between two accounts."""

    def dismiss_of(self, account_id: str) -> None:
        """Dismiss every ended binding of an account."""

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return the ids of unverified bindings that were requested before `before`."""

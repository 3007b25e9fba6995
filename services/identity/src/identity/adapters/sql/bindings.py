"""Bindings between a link account and a general account."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select, update
from sqlalchemy.orm import Session as Database

from identity.adapters.sql.accounts import ROW_LOCK
from identity.adapters.sql.tables import accounts, bind_codes, bindings
from identity.domain.account import Account
from identity.domain.binding import Binding
from identity.domain.code import BindCode
from identity.usecases.ports.bindings import BindingWithAccounts


class SqlBindings:
    """Bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, binding: Binding) -> None:
        """Add a new binding; a live one of the same general account is a Conflict."""
        self._database.add(binding)

    def get(self, binding_id: str) -> Binding | None:
        """Return a binding."""
        return self._database.get(Binding, binding_id)

    def locked(self, binding_id: str) -> Binding | None:
        """Return a binding as it is now, its row held until the transaction ends."""
        return self._database.get(Binding, binding_id, with_for_update=ROW_LOCK, populate_existing=True)

    def live_of_general(self, account_id: str) -> Binding | None:
        """Return the one live binding of a general account (BIND-4)."""
        query = select(Binding).where(bindings.c.live_general_id == account_id)
        return self._database.scalars(query.execution_options(populate_existing=True)).one_or_none()

    def live_of_link(self, account_id: str) -> Sequence[Binding]:
        """Return the live bindings of a link account, in the order in which their accounts are locked."""
        query = select(Binding).where(
            bindings.c.link_account_id == account_id, bindings.c.live_general_id.is_not(None)
        )
        return self._database.scalars(query.order_by(bindings.c.general_account_id)).all()

    def shown_to_link(self, account_id: str) -> Sequence[tuple[Binding, Account, BindCode | None]]:
        """Return live bindings and those ended by the other side and not dismissed, oldest first."""
        query = (
            select(Binding, Account, BindCode)
            .join(accounts, accounts.c.id == bindings.c.general_account_id)
            .outerjoin(bind_codes, bind_codes.c.binding_id == bindings.c.id)
            .where(bindings.c.link_account_id == account_id, bindings.c.dismissed == false())
            .order_by(bindings.c.requested_at, bindings.c.id)
        )
        return [(binding, account, code) for binding, account, code in self._database.execute(query)]

    def dismiss_removed(self, link_id: str, general_id: str) -> None:
        """Dismiss ended bindings that a new one of the same accounts takes the place of."""
        self._database.execute(
            update(bindings)
            .where(
                bindings.c.link_account_id == link_id,
                bindings.c.general_account_id == general_id,
                bindings.c.live_general_id.is_(None),
            )
            .values(dismissed=True)
        )

    def of_account(self, account_id: str) -> Sequence[BindingWithAccounts]:
        """Return an account's bindings, whichever side it is on, newest first."""
        newest_first = (
            select(Binding)
            .where(_either_side(account_id))
            .order_by(bindings.c.requested_at.desc(), bindings.c.id)
        )
        found = self._database.scalars(newest_first).all()
        ids = {side for each in found for side in (each.link_account_id, each.general_account_id)}
        sides = self._database.scalars(select(Account).where(accounts.c.id.in_(ids)))
        known = {account.id: account for account in sides}
        return [
            BindingWithAccounts(each, known[each.link_account_id], known[each.general_account_id])
            for each in found
        ]

    def dismiss_of(self, account_id: str) -> None:
        """Dismiss every ended binding of an account: nobody is shown it any more."""
        ended = bindings.c.live_general_id.is_(None)
        self._database.execute(update(bindings).where(_either_side(account_id), ended).values(dismissed=True))

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of bindings asked for before and never verified."""
        query = select(bindings.c.id).where(
            bindings.c.requested_at <= before, bindings.c.status == "unverified"
        )
        return self._database.scalars(query.order_by(bindings.c.requested_at).limit(limit)).all()


def _either_side(account_id: str) -> ColumnElement[bool]:
    return or_(bindings.c.link_account_id == account_id, bindings.c.general_account_id == account_id)

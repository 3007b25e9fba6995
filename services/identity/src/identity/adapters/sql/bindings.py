"""The repository of the bindings between link accounts and general accounts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select, update
from typing_extensions import override

from identity.adapters.sql.repository import MappedRepository
from identity.adapters.sql.tables import accounts, bind_codes, bindings
from identity.domain.account import Account
from identity.domain.bind_code import BindCode
from identity.domain.binding import Binding
from identity.usecases.ports.bindings import Bindings, BindingWithAccounts


class SqlBindings(MappedRepository[Binding], Bindings):
    _mapped = Binding

    @override
    def live_of_general(self, account_id: str) -> Binding | None:
        query = select(Binding).where(bindings.c.live_general_id == account_id)
        return self._session.scalars(query.execution_options(populate_existing=True)).one_or_none()

    @override
    def live_of_link(self, account_id: str) -> Sequence[Binding]:
        query = select(Binding).where(
            bindings.c.link_account_id == account_id, bindings.c.live_general_id.is_not(None)
        )
        # Sorted in the order in which callers lock the accounts.
        return self._session.scalars(query.order_by(bindings.c.general_account_id)).all()

    @override
    def shown_to_link(self, account_id: str) -> Sequence[tuple[Binding, Account, BindCode | None]]:
        query = (
            select(Binding, Account, BindCode)
            .join(accounts, accounts.c.id == bindings.c.general_account_id)
            .outerjoin(bind_codes, bind_codes.c.binding_id == bindings.c.id)
            .where(bindings.c.link_account_id == account_id, bindings.c.dismissed == false())
            .order_by(bindings.c.requested_at, bindings.c.id)
        )
        return [(binding, account, code) for binding, account, code in self._session.execute(query)]

    @override
    def dismiss_removed(self, link_id: str, general_id: str) -> None:
        self._session.execute(
            update(bindings)
            .where(
                bindings.c.link_account_id == link_id,
                bindings.c.general_account_id == general_id,
                bindings.c.live_general_id.is_(None),
            )
            .values(dismissed=True)
        )

    @override
    def of_account(self, account_id: str) -> Sequence[BindingWithAccounts]:
        newest_first = (
            select(Binding)
            .where(_either_side(account_id))
            .order_by(bindings.c.requested_at.desc(), bindings.c.id)
        )
        found = self._session.scalars(newest_first).all()
        ids = {side for each in found for side in (each.link_account_id, each.general_account_id)}
        rows = self._session.scalars(select(Account).where(accounts.c.id.in_(ids)))
        by_id = {account.id: account for account in rows}
        return [
            BindingWithAccounts(each, by_id[each.link_account_id], by_id[each.general_account_id])
            for each in found
        ]

    @override
    def dismiss_of(self, account_id: str) -> None:
        ended = bindings.c.live_general_id.is_(None)
        self._session.execute(update(bindings).where(_either_side(account_id), ended).values(dismissed=True))

    @override
    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        query = select(bindings.c.id).where(
            bindings.c.requested_at <= before, bindings.c.status == "unverified"
        )
        return self._session.scalars(query.order_by(bindings.c.requested_at).limit(limit)).all()


def _either_side(account_id: str) -> ColumnElement[bool]:
    return or_(bindings.c.link_account_id == account_id, bindings.c.general_account_id == account_id)

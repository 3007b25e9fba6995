"""The repository of accounts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, exists, select
from typing_extensions import override

from identity.adapters.sql.account_search import in_status, search
from identity.adapters.sql.repository import MappedRepository
from identity.adapters.sql.tables import accounts, audit
from identity.domain.account import Account
from identity.usecases.ports.accounts import AccountFilter, Accounts

BY_USERNAME = select(Account).where(accounts.c.username_key == bindparam("key"))
_BY_MAILBOX = select(Account).where(accounts.c.mailbox_key == bindparam("key"))
_SHARE = {"read": True}


class SqlAccounts(MappedRepository[Account], Accounts):
    _mapped = Account

    @override
    def shared(self, account_id: str) -> Account | None:
        return self._session.get(Account, account_id, with_for_update=_SHARE, populate_existing=True)

    @override
    def by_username(self, key: str) -> Account | None:
        return self._session.scalars(BY_USERNAME, {"key": key}).one_or_none()

    @override
    def by_mailbox(self, key: str) -> Account | None:
        return self._session.scalars(_BY_MAILBOX, {"key": key}).one_or_none()

    @override
    def of_mailbox(self, email: str, tax_id: str | None, *, limit: int) -> Sequence[Account]:
        row = accounts.c
        query = select(Account).where(
            row.email == email, row.email_verified_at.is_not(None), row.closed_at.is_(None)
        )
        if tax_id:
            query = query.where(row.tax_id == tax_id)
        return self._session.scalars(query.order_by(row.created_at, row.id).limit(limit)).all()

    @override
    def find(self, criteria: AccountFilter) -> Sequence[Account]:
        return self._session.scalars(search(criteria)).all()

    @override
    def idle(self, since: datetime, *, after: str, limit: int) -> tuple[Sequence[str], str | None]:
        # Each call examines a limited number of ids, so its duration does not depend on how many accounts are idle.
        row = accounts.c
        examined = self._session.scalars(
            select(row.id).where(row.id > after).order_by(row.id).limit(limit)
        ).all()
        idle = self._session.scalars(select(row.id).where(row.id.in_(examined), _is_idle(since))).all()
        return idle, examined[-1] if examined else None

    @override
    def is_idle(self, account_id: str, since: datetime) -> bool:
        query = select(accounts.c.id).where(accounts.c.id == account_id, _is_idle(since))
        return self._session.scalar(query) is not None

    @override
    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        query = select(accounts.c.id).where(
            accounts.c.created_at <= before,
            accounts.c.email_verified_at.is_(None),
            accounts.c.closed_at.is_(None),
        )
        return self._session.scalars(query.order_by(accounts.c.created_at).limit(limit)).all()


_USE_ACTIONS = ("session.opened", "session.switched", "account.reinstated", "account.approved")


def _is_idle(since: datetime) -> ColumnElement[bool]:
    row = accounts.c
    used = exists().where(audit.c.action.in_(_USE_ACTIONS), audit.c.at >= since)
    return and_(
        row.email_verified_at < since,
        in_status("active"),
        ~used.where(audit.c.account_id == row.id),
        ~used.where(audit.c.link_account_id == row.id),
    )

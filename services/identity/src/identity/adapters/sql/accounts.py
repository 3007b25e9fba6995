"""The accounts, and the SQL of the account criteria."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.tables import accounts, audit
from identity.domain.account import Account, Status
from identity.usecases.ports.accounts import AccountFilter, Accounts

ROW_LOCK = {"key_share": True}
"""FOR NO KEY UPDATE: rows that refer to a locked account, such as sessions, can still be inserted."""

BY_USERNAME = select(Account).where(accounts.c.username_key == bindparam("key"))
_BY_MAILBOX = select(Account).where(accounts.c.mailbox_key == bindparam("key"))
_SHARE = {"read": True}


class SqlAccounts(Accounts):
    """Reads and writes accounts within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def add(self, account: Account) -> None:
        self._session.add(account)

    @override
    def get(self, account_id: str) -> Account | None:
        return self._session.get(Account, account_id)

    @override
    def locked(self, account_id: str) -> Account | None:
        return self._session.get(Account, account_id, with_for_update=ROW_LOCK, populate_existing=True)

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
    def find(self, criteria: AccountFilter) -> Sequence[Account]:
        row = accounts.c
        query = (
            select(Account)
            .where(*_conditions(criteria))
            .order_by(row.created_at, row.id)
            .limit(criteria.limit)
        )
        if criteria.after is not None:
            last = select(row.created_at, row.id).where(row.id == criteria.after)
            query = query.where(tuple_(row.created_at, row.id) > last.scalar_subquery())
        return self._session.scalars(query).all()

    @override
    def idle(self, since: datetime, *, after: str, limit: int) -> tuple[Sequence[str], str | None]:
        # Each statement examines a bounded range of ids, so it takes the same time however few accounts are idle.
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


def _conditions(criteria: AccountFilter) -> Iterator[ColumnElement[bool]]:
    row = accounts.c
    if criteria.name is not None:
        name = criteria.name.lower()
        yield or_(
            row.username_key == name,
            func.lower(row.username).contains(name, autoescape=True),
            func.lower(row.name).contains(name, autoescape=True),
        )
    if criteria.company is not None:
        yield func.lower(row.company_name).contains(criteria.company.lower(), autoescape=True)
    if criteria.mailbox is not None:
        yield row.email == criteria.mailbox
    if criteria.tax_id is not None:
        yield row.tax_id == criteria.tax_id
    if criteria.kind is not None:
        yield row.kind == criteria.kind
    if criteria.status is not None:
        yield _in_status(criteria.status)


def _is_idle(since: datetime) -> ColumnElement[bool]:
    row = accounts.c
    used = exists().where(audit.c.action.in_(_USE_ACTIONS), audit.c.at >= since)
    return and_(
        row.email_verified_at < since,
        _in_status("active"),
        ~used.where(audit.c.account_id == row.id),
        ~used.where(audit.c.link_account_id == row.id),
    )


def _in_status(status: Status):  # type: ignore[no-untyped-def]  # noqa: ANN202  # SQLAlchemy's type is private
    row = accounts.c
    closed, suspended = row.closed_at.is_not(None), row.suspended_at.is_not(None)
    unverified, pending = row.email_verified_at.is_(None), row.review == "pending"
    return {
        "closed": closed,
        "suspended": and_(~closed, suspended),
        "email_unverified": and_(~closed, ~suspended, unverified),
        "awaiting_review": and_(~closed, ~suspended, ~unverified, pending),
        "active": and_(~closed, ~suspended, ~unverified, ~pending),
    }[status]

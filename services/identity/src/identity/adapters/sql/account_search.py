"""The SQL of the operators' account search (OPS-1)."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_

from identity.adapters.sql.tables import accounts
from identity.domain.account import Account, Status
from identity.usecases.ports.accounts import AccountFilter


def search(criteria: AccountFilter) -> Select[Account]:
    """Return the query for one page of accounts, oldest first."""
    row = accounts.c
    query = (
        select(Account).where(*_conditions(criteria)).order_by(row.created_at, row.id).limit(criteria.limit)
    )
    if criteria.after is not None:
        last = select(row.created_at, row.id).where(row.id == criteria.after)
        query = query.where(tuple_(row.created_at, row.id) > last.scalar_subquery())
    return query


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
        yield in_status(criteria.status)


def in_status(status: Status) -> ColumnElement[bool]:
    """Return the condition for a status, the SQL of `Account.status`."""
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

"""The conditions for an active grant, shared by the statements for grants and tokens (OIDC-21)."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, literal_column, or_, select
from sqlalchemy.sql.expression import FromClause

from identity.adapters.sql.oidc_tables import grants
from identity.adapters.sql.tables import accounts, bindings, clients
from identity.domain.grant import Grant
from identity.domain.session import AccountSummary

_HOLDER, _ACCOUNT = accounts.alias("holder"), accounts.alias("account")
_SUMMARY = ("id", "kind", "username", "name", "tax_id", "company_name")
SUMMARIES = tuple(account.c[name] for account in (_ACCOUNT, _HOLDER) for name in _SUMMARY)
"""The columns of `read_summary`, first of the grant's account, then of its holder (the actor)."""
_GRANT_COLUMNS = tuple(grants.c)
# Literals, not parameters: with unknown values, PostgreSQL estimates the rows wrongly and plans each execution again.
_PENDING, _VERIFIED = literal_column("'pending'", String), literal_column("'verified'", String)


def is_active(account: FromClause) -> ColumnElement[bool]:
    return and_(
        account.c.closed_at.is_(None),
        account.c.suspended_at.is_(None),
        account.c.email_verified_at.is_not(None),
        account.c.review != _PENDING,
    )


def select_active(
    source: FromClause, *columns: ColumnElement[Any], client: ColumnElement[str]
) -> Select[Any]:
    """Return a statement for the client's active grants: `columns`, followed by the columns that `read_grant` reads."""
    read = (*_GRANT_COLUMNS, *SUMMARIES, _ACCOUNT.c.email, _ACCOUNT.c.updated_at, _ACCOUNT.c.created_at)
    return select_from_active(source, *columns, *read, client=client)


def select_from_active(
    source: FromClause, *columns: ColumnElement[Any], client: ColumnElement[str]
) -> Select[Any]:
    """Return a statement for these columns of the client's active grants."""
    return (
        select(*columns)
        .select_from(source)
        .join(_HOLDER, _HOLDER.c.id == grants.c.holder_id)
        .join(_ACCOUNT, _ACCOUNT.c.id == grants.c.account_id)
        .join(clients, clients.c.name == client)
        .outerjoin(bindings, bindings.c.id == grants.c.binding_id)
        .where(
            grants.c.ended_at.is_(None),
            grants.c.expires_at > bindparam("now"),
            is_active(_HOLDER),
            is_active(_ACCOUNT),
            or_(grants.c.binding_id.is_(None), bindings.c.status == _VERIFIED),
            clients.c.revoked_at.is_(None),
        )
    )


def read_grant(values: Iterator[Any]) -> Mapping[str, Any]:
    """Return the fields of an ActiveGrant from the last values of a row of `select_active`."""
    grant = Grant(**named(_GRANT_COLUMNS, values))
    account, actor = read_summary(values), read_summary(values)
    email, updated_at, created_at = values
    return {
        "grant": grant,
        "account": account,
        "actor": actor,
        "email": email,
        "updated_at": updated_at or created_at,
    }


def named(columns: tuple[Any, ...], values: Iterator[Any]) -> Mapping[str, Any]:
    """Take one value for each column; return the values by column name."""
    return {column.name: next(values) for column in columns}


def read_summary(values: Iterator[Any]) -> AccountSummary:
    """Return an account from the next values. Its status is active, because these statements find no others."""
    return AccountSummary(**dict(zip(_SUMMARY, values, strict=False)), status="active")

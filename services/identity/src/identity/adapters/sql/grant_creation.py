"""The statements that open a grant: each locks all rows that the grant depends on (OIDC-8)."""

from functools import reduce

from sqlalchemy import ColumnElement, bindparam, insert, select, true
from sqlalchemy.sql.expression import FromClause

from identity.adapters.sql.active_grants import is_active
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.oidc_tables import grants
from identity.adapters.sql.tables import accounts, bindings, clients, sessions

_HOLDER, _ACCOUNT, _PARENT = accounts.alias("holder"), accounts.alias("account"), grants.alias("parent")
_PERSON = (_HOLDER.c.id == bindparam("holder_id"), is_active(_HOLDER))
_COMPANY = (
    _ACCOUNT.c.id == bindparam("account_id"),
    is_active(_ACCOUNT),
    bindings.c.id == bindparam("binding_id"),
    bindings.c.status == "verified",
    bindings.c.link_account_id == _HOLDER.c.id,
    bindings.c.general_account_id == _ACCOUNT.c.id,
)
_CLIENT = (clients.c.name == bindparam("client"), clients.c.revoked_at.is_(None))
_SESSION = (
    sessions.c.id == bindparam("session_id"),
    sessions.c.holder_id == _HOLDER.c.id,
    sessions.c.expires_at > bindparam("now"),
)
_ACTIVE_PARENT = (
    _PARENT.c.id == bindparam("parent_id"),
    _PARENT.c.holder_id == _HOLDER.c.id,
    _PARENT.c.ended_at.is_(None),
    _PARENT.c.expires_at > bindparam("now"),
)


def _open_statement(*froms: FromClause, conditions: tuple[ColumnElement[bool], ...]) -> FixedStatement:
    """Return an INSERT that locks the rows of `froms` in this order, the lock order of the use cases."""
    values = (bindparam(column.name, type_=column.type) for column in grants.c)
    first, *others = froms
    joined = reduce(lambda left, right: left.join(right, true()), others, first)
    row = select(*values).select_from(joined).where(*conditions)
    statement = insert(grants).from_select(list(grants.c), row.with_for_update(read=True))
    return FixedStatement(statement.returning(grants.c.id))


OPEN = _open_statement(_HOLDER, clients, sessions, conditions=(*_PERSON, *_CLIENT, *_SESSION))
OPEN_BOUND = _open_statement(
    _HOLDER, _ACCOUNT, bindings, clients, sessions, conditions=(*_PERSON, *_COMPANY, *_CLIENT, *_SESSION)
)
OPEN_CHILD = _open_statement(
    _HOLDER,
    _ACCOUNT,
    bindings,
    clients,
    _PARENT,
    conditions=(*_PERSON, *_COMPANY, *_CLIENT, *_ACTIVE_PARENT),
)

"""Redeems a code by two statements: the first reads it with its grant, the second marks it as used and adds tokens."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, bindparam, exists, insert, literal_column, select, union_all, update
from typing_extensions import override

from identity.adapters.sql import mapping  # noqa: F401  # maps the classes that statements return
from identity.adapters.sql.active_grants import named, read_grant, select_active
from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.oidc_tables import grant_codes, grant_tokens, grants
from identity.adapters.sql.session_creation import IS_DURABLE
from identity.domain.grant import ActiveGrant, Code, Token
from identity.usecases.ports.authorization_code_redemption import CodeRedemption

_row = grant_codes.c
_CODE_COLUMNS, _TOKEN_COLUMNS = tuple(grant_codes.c), tuple(grant_tokens.c)
_IS_USABLE = (
    _row.digest == bindparam("code"),
    _row.used_at.is_(None),
    _row.expires_at > bindparam("now"),
)
_GRANT_IS_OPEN = exists().where(grants.c.id == _row.grant_id, grants.c.ended_at.is_(None))
_USABLE = FixedStatement(
    select_active(
        grant_codes.join(grants, grants.c.id == _row.grant_id), *_CODE_COLUMNS, client=grants.c.client
    ).where(*_IS_USABLE)
)


def _use_statement(*, tokens: int) -> FixedStatement:
    """Return the statement that marks a code as used and adds tokens; each token's parameters end with its index."""
    used = update(grant_codes).where(*_IS_USABLE, _GRANT_IS_OPEN, IS_DURABLE).values(used_at=bindparam("now"))
    source = used.returning(_row.digest).cte("used")
    rows = (
        select(*(bindparam(f"{column.name}{number}", type_=column.type) for column in _TOKEN_COLUMNS))
        for number in range(tokens)
    )
    added = insert(grant_tokens).from_select(
        [column.name for column in _TOKEN_COLUMNS], union_all(*(row.select_from(source) for row in rows))
    )
    return FixedStatement(added.returning(literal_column("1", Integer)))


_USE = {tokens: _use_statement(tokens=tokens) for tokens in (1, 2)}


class SqlCodeRedemption(EngineAdapter, CodeRedemption):
    """Redeems codes on PostgreSQL; on SQLite `usable` returns None, because a statement there writes only one table.

    Needs an autocommit engine.
    """

    @override
    def usable(self, digest: str, now: datetime) -> tuple[Code, ActiveGrant] | None:
        if self._engine.dialect.name != "postgresql":
            return None
        with self._engine.connect() as connection:
            row = _USABLE.row(connection, {"code": digest, "now": now})
        if row is None:
            return None
        values = iter(row)
        code = Code(**named(_CODE_COLUMNS, values))
        return code, ActiveGrant(**read_grant(values))

    @override
    def use(self, digest: str, tokens: Sequence[Token], now: datetime) -> bool:
        added = {
            f"{column.name}{number}": getattr(token, column.name)
            for number, token in enumerate(tokens)
            for column in _TOKEN_COLUMNS
        }
        with self._engine.connect() as connection:
            return bool(_USE[len(tokens)].rows(connection, {"code": digest, "now": now, **added}))

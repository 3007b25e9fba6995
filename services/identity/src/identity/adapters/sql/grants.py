"""The repository of grants with their codes and tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, insert, or_, select, true, update
from typing_extensions import override

from identity.adapters.sql.active_grants import read_grant, select_active
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.grant_creation import OPEN, OPEN_BOUND, OPEN_CHILD
from identity.adapters.sql.oidc_tables import grant_codes, grant_tokens, grants
from identity.adapters.sql.repository import Repository
from identity.domain.grant import REFRESHES_RECORDED, ActiveGrant, Code, EndedGrant, EndReason, Grant, Token
from identity.usecases.ports.grants import Grants

_row = grants.c
_NOT_ENDED = _row.ended_at.is_(None)
_ENDED = (_row.id, _row.client, _row.holder_id, _row.account_id)
_ACTIVE = FixedStatement(select_active(grants, client=_row.client).where(_row.id == bindparam("grant_id")))
_CODE_COLUMNS, _TOKEN_COLUMNS = grant_codes.c.keys(), grant_tokens.c.keys()
_ADD_CODE = FixedStatement(insert(grant_codes), columns=_CODE_COLUMNS)
_CODE = FixedStatement(select(grant_codes).where(grant_codes.c.digest == bindparam("digest")))
_USE_CODE = FixedStatement(
    update(grant_codes)
    .where(
        grant_codes.c.digest == bindparam("digest"),
        grant_codes.c.used_at.is_(None),
        grant_codes.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(*grant_codes.c)
)
_ADD_TOKEN = FixedStatement(insert(grant_tokens), columns=_TOKEN_COLUMNS)
_TOKEN = FixedStatement(select(grant_tokens).where(grant_tokens.c.digest == bindparam("digest")))

_Record = TypeVar("_Record", Code, Token)


class SqlGrants(Repository, Grants):
    @override
    def open(self, grant: Grant) -> bool:
        statement = OPEN if grant.binding_id is None else OPEN_BOUND
        if grant.parent_id is not None:
            statement = OPEN_CHILD
        values = {column.name: getattr(grant, column.name) for column in grants.c}
        return statement.row(self._session.connection(), {**values, "now": grant.created_at}) is not None

    @override
    def get(self, grant_id: str) -> Grant | None:
        return self._session.get(Grant, grant_id)

    @override
    def active(self, grant_id: str, now: datetime) -> ActiveGrant | None:
        row = _ACTIVE.row(self._session.connection(), {"grant_id": grant_id, "now": now})
        return ActiveGrant(**read_grant(iter(row))) if row is not None else None

    @override
    def record_refresh(self, grant_id: str, now: datetime) -> bool:
        is_due = or_(_row.refreshed_at.is_(None), _row.refreshed_at <= now - REFRESHES_RECORDED)
        recorded = update(grants).where(_row.id == grant_id, is_due).values(refreshed_at=now)
        return self._session.connection().execute(recorded).rowcount == 1

    @override
    def last_account(self, holder_id: str, client: str) -> str | None:
        query = select(_row.account_id).where(_row.holder_id == holder_id, _row.client == client)
        return self._session.scalars(query.order_by(_row.created_at.desc()).limit(1)).first()

    @override
    def add_code(self, code: Code) -> None:
        _ADD_CODE.run(self._session.connection(), _fields(code, _CODE_COLUMNS))

    @override
    def use_code(self, digest: str, now: datetime) -> Code | None:
        row = _USE_CODE.row(self._session.connection(), {"digest": digest, "now": now})
        return _read(Code, _CODE_COLUMNS, row)

    @override
    def code(self, digest: str) -> Code | None:
        return _read(Code, _CODE_COLUMNS, _CODE.row(self._session.connection(), {"digest": digest}))

    @override
    def add_token(self, token: Token) -> None:
        _ADD_TOKEN.run(self._session.connection(), _fields(token, _TOKEN_COLUMNS))

    @override
    def token(self, digest: str) -> Token | None:
        return _read(Token, _TOKEN_COLUMNS, _TOKEN.row(self._session.connection(), {"digest": digest}))

    @override
    def void_token(self, digest: str, now: datetime) -> None:
        token = grant_tokens.c
        unused = update(grant_tokens).where(token.digest == digest, token.used_at.is_(None))
        self._session.execute(unused.values(used_at=now))

    @override
    def move(self, former_session_id: str, session_id: str) -> None:
        moved = update(grants).where(_row.session_id == former_session_id, _NOT_ENDED)
        self._session.execute(moved.values(session_id=session_id))

    @override
    def end(self, grant_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        return self._end(_row.id == grant_id, reason, now)

    @override
    def end_of_sessions(
        self, session_ids: Sequence[str], reason: EndReason, now: datetime, *, holder_id: str | None = None
    ) -> Sequence[EndedGrant]:
        is_theirs = _row.holder_id == holder_id if holder_id is not None else true()
        return self._end(and_(_row.session_id.in_(session_ids), is_theirs), reason, now)

    @override
    def end_of_account(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str | None = None
    ) -> Sequence[EndedGrant]:
        is_of_account = or_(_row.holder_id == account_id, _row.account_id == account_id)
        if except_session_id is not None:
            is_of_account = and_(is_of_account, _row.session_id != except_session_id)
        return self._end(is_of_account, reason, now)

    @override
    def end_of_holder(
        self, account_id: str, reason: EndReason, now: datetime, *, except_session_id: str
    ) -> Sequence[EndedGrant]:
        is_other = and_(_row.holder_id == account_id, _row.session_id != except_session_id)
        return self._end(is_other, reason, now)

    @override
    def end_of_binding(self, binding_id: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        return self._end(_row.binding_id == binding_id, reason, now)

    @override
    def end_of_client(self, client: str, reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        # A child grant has its parent's client, so one statement ends both. The lock on the client prevents new grants.
        return self._end_each(_row.client == client, reason, now)

    @override
    def end_expired(self, now: datetime, *, limit: int) -> Sequence[EndedGrant]:
        due = select(_row.id).where(_row.expires_at <= now, _NOT_ENDED).order_by(_row.expires_at).limit(limit)
        # A child grant expires with its parent, so it is due itself. Waiting for locked rows could deadlock.
        return self._end_named(due.with_for_update(skip_locked=True), "expired", now)

    def _end(self, condition: ColumnElement[bool], reason: EndReason, now: datetime) -> Sequence[EndedGrant]:
        """End the grants, then their child grants. The second statement also finds child grants opened meanwhile."""
        ended = self._end_each(condition, reason, now)
        if not ended:
            return ended
        return ended + self._end_each(_row.parent_id.in_([grant.id for grant in ended]), reason, now)

    def _end_each(self, condition: ColumnElement[bool], reason: EndReason, now: datetime) -> list[EndedGrant]:
        """End the grants that match. All transactions lock in one order, parents first, to avoid deadlocks."""
        named = select(_row.id).where(condition, _NOT_ENDED).order_by(_row.parent_id.is_not(None), _row.id)
        return self._end_named(named.with_for_update(key_share=True), reason, now)

    def _end_named(self, named: Select[tuple[str]], reason: EndReason, now: datetime) -> list[EndedGrant]:
        statement = update(grants).where(_row.id.in_(named)).values(ended_at=now, ended_reason=reason)
        rows = self._session.execute(statement.returning(*_ENDED)).mappings()
        return [EndedGrant(**row) for row in rows]


def _fields(record: Code | Token, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _read(kind: type[_Record], names: Sequence[str], row: Sequence[Any] | None) -> _Record | None:
    return kind(**dict(zip(names, row, strict=True))) if row is not None else None

"""The repository of sessions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, bindparam, delete, insert, or_, select, update
from typing_extensions import override

from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.repository import Repository
from identity.adapters.sql.session_creation import SESSION_COLUMNS, select_new_session
from identity.adapters.sql.tables import sessions
from identity.domain.session import Principal, Session
from identity.usecases.ports.sessions import Sessions


class SqlSessions(Repository, Sessions):
    @override
    def open(self, session: Session, *, credential_version: int) -> bool:
        # The statement also locks the account until the commit: a later suspension or password change finds the
        # session and ends it.
        values = {name: getattr(session, name) for name in SESSION_COLUMNS}
        account = {"account": session.holder_id, "version": credential_version}
        return _OPEN.row(self._session.connection(), values | account) is not None

    @override
    def get(self, session_id: str) -> Session | None:
        return self._session.get(Session, session_id)

    @override
    def of_account(self, account_id: str) -> Sequence[Session]:
        row = sessions.c
        query = select(Session).where(or_(row.holder_id == account_id, row.account_id == account_id))
        return self._session.scalars(query.order_by(row.created_at.desc(), row.id)).all()

    @override
    def of_holder(self, account_id: str) -> Sequence[Session]:
        query = (
            select(Session).where(sessions.c.holder_id == account_id).order_by(sessions.c.created_at.desc())
        )
        return self._session.scalars(query).all()

    @override
    def reissue(
        self, principal: Principal, *, token_digest: str, account_id: str, binding_id: str | None
    ) -> bool:
        statement = (
            update(sessions)
            .where(sessions.c.id == principal.session_id, sessions.c.token_digest == principal.token_digest)
            .values(token_digest=token_digest, account_id=account_id, binding_id=binding_id)
            .returning(sessions.c.id)
        )
        return self._session.execute(statement).scalar_one_or_none() is not None

    @override
    def consent(self, session_id: str, digest: str) -> None:
        self._session.execute(update(sessions).where(sessions.c.id == session_id).values(consents=digest))

    @override
    def end(self, session_id: str, *, holder_id: str | None) -> bool:
        statement = delete(sessions).where(sessions.c.id == session_id)
        if holder_id is not None:
            statement = statement.where(sessions.c.holder_id == holder_id)
        return self._session.execute(statement.returning(sessions.c.id)).scalar_one_or_none() is not None

    @override
    def end_oldest(self, newest: Session, *, keep: int, idle_since: datetime) -> Sequence[str]:
        values = {
            "holder": newest.holder_id,
            "newest": newest.id,
            "now": newest.created_at,
            "idle_since": idle_since,
            "others": keep - 1,
        }
        return [session_id for (session_id,) in _END_OLDEST.rows(self._session.connection(), values)]

    @override
    def end_others(self, account_id: str, *, except_id: str) -> int:
        # One statement visits the rows in one order, so that concurrent calls do not deadlock.
        row = sessions.c
        ended = self._session.execute(
            delete(sessions).where(row.holder_id == account_id, row.id != except_id)
        )
        return ended.rowcount  # type: ignore[attr-defined,no-any-return]  # a DELETE has one

    @override
    def end_of_account(self, account_id: str, *, except_id: str | None = None) -> int:
        row = sessions.c
        statement = delete(sessions).where(or_(row.holder_id == account_id, row.account_id == account_id))
        ended = self._session.execute(statement.where(row.id != except_id) if except_id else statement)
        return ended.rowcount  # type: ignore[attr-defined,no-any-return]  # a DELETE has one

    @override
    def end_of_binding(self, binding_id: str) -> None:
        self._session.execute(delete(sessions).where(sessions.c.binding_id == binding_id))


_OPEN = FixedStatement(
    insert(sessions).from_select(SESSION_COLUMNS, select_new_session()).returning(sessions.c.id)
)


def _end_oldest_statement() -> FixedStatement:
    row = sessions.c
    others = (row.holder_id == bindparam("holder"), row.id != bindparam("newest"))
    are_open = (row.expires_at > bindparam("now"), row.seen_at > bindparam("idle_since"))
    latest_first = select(row.id).where(*others, *are_open).order_by(row.created_at.desc(), row.id)
    excess = latest_first.offset(bindparam("others", type_=Integer))
    # Skips locked rows, so that concurrent logins, which end the same sessions, do not wait for each other.
    unlocked = select(row.id).where(row.id.in_(excess)).with_for_update(skip_locked=True)
    return FixedStatement(delete(sessions).where(row.id.in_(unlocked)).returning(row.id))


_END_OLDEST = _end_oldest_statement()

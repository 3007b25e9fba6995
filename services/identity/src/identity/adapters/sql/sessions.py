"""The open sessions over one SQLAlchemy session."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session as Database
from sqlalchemy.sql.dml import ReturningInsert
from typing_extensions import override

from identity.adapters.sql.tables import accounts, sessions
from identity.domain.session import Principal, Session
from identity.usecases.ports.sessions import Sessions


class SqlSessions(Sessions):
    """Open sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def open(self, session: Session, *, credential_version: int) -> bool:
        values = {column.name: getattr(session, column.name) for column in sessions.c}
        holder = {"holder": session.holder_id, "version": credential_version}
        opened = self._database.connection().execute(_OPEN, values | holder)
        return opened.scalar_one_or_none() is not None

    @override
    def get(self, session_id: str) -> Session | None:
        return self._database.get(Session, session_id)

    @override
    def of_account(self, account_id: str) -> Sequence[Session]:
        row = sessions.c
        query = select(Session).where(or_(row.holder_id == account_id, row.account_id == account_id))
        return self._database.scalars(query.order_by(row.created_at.desc(), row.id)).all()

    @override
    def of_holder(self, account_id: str) -> Sequence[Session]:
        query = (
            select(Session).where(sessions.c.holder_id == account_id).order_by(sessions.c.created_at.desc())
        )
        return self._database.scalars(query).all()

    @override
    def reissue(
        self, standing: Principal, *, token_digest: str, account_id: str, binding_id: str | None
    ) -> bool:
        statement = (
            update(sessions)
            .where(sessions.c.id == standing.session_id, sessions.c.token_digest == standing.token_digest)
            .values(token_digest=token_digest, account_id=account_id, binding_id=binding_id)
            .returning(sessions.c.id)
        )
        return self._database.execute(statement).scalar_one_or_none() is not None

    @override
    def consent(self, session_id: str, digest: str) -> None:
        self._database.execute(update(sessions).where(sessions.c.id == session_id).values(consents=digest))

    @override
    def end(self, session_id: str) -> None:
        self._database.execute(delete(sessions).where(sessions.c.id == session_id))

    @override
    def end_of_holder(self, account_id: str, *, session_id: str) -> bool:
        statement = delete(sessions).where(sessions.c.id == session_id, sessions.c.holder_id == account_id)
        return self._database.execute(statement.returning(sessions.c.id)).scalar_one_or_none() is not None

    @override
    def end_others(self, account_id: str, *, except_id: str) -> int:
        row = sessions.c
        ended = self._database.execute(
            delete(sessions).where(row.holder_id == account_id, row.id != except_id)
        )
        return ended.rowcount  # type: ignore[attr-defined,no-any-return]  # of a DELETE there is one

    @override
    def end_of_account(self, account_id: str, *, except_id: str | None = None) -> int:
        row = sessions.c
        statement = delete(sessions).where(or_(row.holder_id == account_id, row.account_id == account_id))
        ended = self._database.execute(statement.where(row.id != except_id) if except_id else statement)
        return ended.rowcount  # type: ignore[attr-defined,no-any-return]  # of a DELETE there is one

    @override
    def end_of_binding(self, binding_id: str) -> None:
        self._database.execute(delete(sessions).where(sessions.c.binding_id == binding_id))


def _opening() -> ReturningInsert[str]:
    holder = accounts.c
    of_holder = select(*(bindparam(column.name, type_=column.type) for column in sessions.c)).where(
        holder.id == bindparam("holder"),
        holder.credential_version == bindparam("version"),
        holder.closed_at.is_(None),
        holder.suspended_at.is_(None),
    )
    opening = insert(sessions).from_select(list(sessions.c), of_holder.with_for_update(read=True))
    return opening.returning(sessions.c.id)


_OPEN = _opening()

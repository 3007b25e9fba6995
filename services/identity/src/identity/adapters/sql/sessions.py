"""The open sessions over one SQLAlchemy session."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session as Database
from sqlalchemy.sql.dml import ReturningInsert

from identity.adapters.sql.tables import accounts, sessions
from identity.domain.session import Principal, Session


class SqlSessions:
    """Open sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, session: Session, *, credential_version: int) -> bool:
        """Add a session in one statement; False unless its holder is open, not suspended, and of that password still.

        Nobody changes the account from then until the transaction ends: a change of it ends its sessions.
        """
        values = {column.name: getattr(session, column.name) for column in sessions.c}
        holder = {"holder": session.holder_id, "version": credential_version}
        opened = self._database.connection().execute(_OPEN, values | holder)
        return opened.scalar_one_or_none() is not None

    def get(self, session_id: str) -> Session | None:
        """Return an open session."""
        return self._database.get(Session, session_id)

    def of_account(self, account_id: str) -> Sequence[Session]:
        """Return what an account holds and what acts as it, newest first."""
        row = sessions.c
        query = select(Session).where(or_(row.holder_id == account_id, row.account_id == account_id))
        return self._database.scalars(query.order_by(row.created_at.desc(), row.id)).all()

    def of_holder(self, account_id: str) -> Sequence[Session]:
        """Return what an account holds, newest first."""
        query = (
            select(Session).where(sessions.c.holder_id == account_id).order_by(sessions.c.created_at.desc())
        )
        return self._database.scalars(query).all()

    def reissue(
        self, standing: Principal, *, token_digest: str, account_id: str, binding_id: str | None
    ) -> bool:
        """Give the session a new token and persona; False where it has ended or turned meanwhile."""
        statement = (
            update(sessions)
            .where(sessions.c.id == standing.session_id, sessions.c.token_digest == standing.token_digest)
            .values(token_digest=token_digest, account_id=account_id, binding_id=binding_id)
            .returning(sessions.c.id)
        )
        return self._database.execute(statement).scalar_one_or_none() is not None

    def consent(self, session_id: str, digest: str) -> None:
        """Note that its holder accepted the texts in force."""
        self._database.execute(update(sessions).where(sessions.c.id == session_id).values(consents=digest))

    def end(self, session_id: str) -> None:
        """End one."""
        self._database.execute(delete(sessions).where(sessions.c.id == session_id))

    def end_of_holder(self, account_id: str, *, session_id: str) -> bool:
        """End one that the account holds; False where it holds no such."""
        statement = delete(sessions).where(sessions.c.id == session_id, sessions.c.holder_id == account_id)
        return self._database.execute(statement.returning(sessions.c.id)).scalar_one_or_none() is not None

    def end_others(self, account_id: str, *, except_id: str) -> int:
        """End all that the account holds but one, in one statement: of two who do so at once none waits in a ring."""
        row = sessions.c
        ended = self._database.execute(
            delete(sessions).where(row.holder_id == account_id, row.id != except_id)
        )
        return ended.rowcount  # type: ignore[attr-defined,no-any-return]  # of a DELETE there is one

    def end_of_account(self, account_id: str, *, except_id: str | None = None) -> int:
        """End what the account holds and what acts as it, but for one session; return how many."""
        row = sessions.c
        statement = delete(sessions).where(or_(row.holder_id == account_id, row.account_id == account_id))
        ended = self._database.execute(statement.where(row.id != except_id) if except_id else statement)
        return ended.rowcount  # type: ignore[attr-defined,no-any-return]  # of a DELETE there is one

    def end_of_binding(self, binding_id: str) -> None:
        """End every session that acts by the binding (SW-5)."""
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

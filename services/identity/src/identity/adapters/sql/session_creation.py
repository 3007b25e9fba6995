"""Opens a session and adds its audit entry in one statement."""

from datetime import datetime

from sqlalchemy import Integer, Select, bindparam, func, insert, literal_column, select
from typing_extensions import override

from identity.adapters.sql.audit_log import COLUMNS, to_row
from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.tables import accounts, audit, sessions
from identity.domain.audit import Entry
from identity.domain.session import MAX_SESSIONS, Session
from identity.usecases.ports.session_creation import SessionCreation

SESSION_COLUMNS = sessions.c.keys()
_ENTRY = "entry_"
"""The prefix of the audit entry's parameters, because some of its columns have the names of a session's columns."""
IS_DURABLE = func.set_config("synchronous_commit", "on", literal_column("true")).is_not(None)
"""Always true. Makes a statement's commit wait for the disk; the autocommit engine's commits do not by default."""


class SqlSessionCreation(EngineAdapter, SessionCreation):
    """Opens sessions on PostgreSQL; on SQLite `open` returns False, because a statement there writes only one table.

    Needs an autocommit engine.
    """

    @override
    def open(self, session: Session, entry: Entry, *, credential_version: int, idle_since: datetime) -> bool:
        if self._engine.dialect.name != "postgresql":
            return False
        values = {name: getattr(session, name) for name in SESSION_COLUMNS}
        account = {"account": session.holder_id, "version": credential_version, "idle_since": idle_since}
        recorded = {f"{_ENTRY}{name}": value for name, value in to_row(entry).items()}
        with self._engine.connect() as connection:
            return _OPEN_AND_RECORD.row(connection, {**values, **account, **recorded}) is not None


def select_new_session() -> Select[str]:
    """Return the query for a new session's row. The query locks the account.

    It finds no row if the account is closed or suspended or its password has changed.
    """
    account = accounts.c
    columns = (bindparam(column.name, type_=column.type) for column in sessions.c)
    return (
        select(*columns)
        .where(
            account.id == bindparam("account"),
            account.credential_version == bindparam("version"),
            account.closed_at.is_(None),
            account.suspended_at.is_(None),
        )
        .with_for_update(read=True, of=accounts)
    )


def _open_and_record() -> FixedStatement:
    row = sessions.c
    are_open = (row.expires_at > bindparam("created_at"), row.seen_at > bindparam("idle_since"))
    others = select(func.count()).where(row.holder_id == bindparam("account"), *are_open).scalar_subquery()
    opened = (
        insert(sessions)
        .from_select(SESSION_COLUMNS, select_new_session().where(others < MAX_SESSIONS, IS_DURABLE))
        .returning(row.id)
        .cte("opened")
    )
    entry = (bindparam(f"{_ENTRY}{name}", type_=audit.c[name].type) for name in COLUMNS)
    recorded = insert(audit).from_select(COLUMNS, select(*entry).select_from(opened))
    return FixedStatement(recorded.returning(literal_column("1", Integer)))


_OPEN_AND_RECORD = _open_and_record()

"""Which of the relays publishes: an advisory lock on PostgreSQL, a file lock beside SQLite's file."""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

_LOCK = 0x72656C79
"""`rely` in ASCII, not the migrations' lock."""
_SILENCE_SECONDS = 10.0
"""A leader asks PostgreSQL something every two seconds, and every six where Redis does not answer.

One that is silent for so long is frozen, or cut off.
"""
_TERMINATE_SILENT_LEADER = text(
    "SELECT pg_terminate_backend(held.pid) FROM pg_locks held JOIN pg_stat_activity leader USING (pid)"
    " WHERE held.locktype = 'advisory' AND held.classid = 0 AND held.objid = :lock AND held.granted"
    " AND leader.datname = current_database() AND leader.usename = current_user"
    " AND leader.state_change < clock_timestamp() - make_interval(secs => :silent)"
)


class LeaderElection(Protocol):
    """Held until resigned, or until its connection or process is gone; then another takes over at once."""

    is_leader: bool

    def acquire(self) -> bool:
        """Take or keep the lead."""

    def was_elected(self) -> bool:
        """Tell once whether the lead was taken anew."""

    def release(self) -> None:
        """Let another lead."""


class PostgresLeaderElection(LeaderElection):
    """The lock lives in a connection of its own: where that breaks, so does the lead.

    A leader that is silent for `silent_seconds` is deposed by who stands by: its connection is ended. It may wake up
    and go on with what it had begun: the stream's mark refuses what it publishes, and what it gave a place meanwhile
    the new leader finds in the table.
    """

    def __init__(self, engine: Engine, *, silence_seconds: float = _SILENCE_SECONDS) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._silent_seconds = silence_seconds
        self._connection: Connection | None = None
        self._new = False
        self.is_leader = False

    @override
    def acquire(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            if self.is_leader:
                self._connection.execute(text("SELECT 1"))
            else:
                got = self._connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK})
                self.is_leader = self._new = bool(got)
                if not got:
                    self._connection.execute(
                        _TERMINATE_SILENT_LEADER, {"lock": _LOCK, "silent": self._silent_seconds}
                    )
        except SQLAlchemyError:
            self._drop()
            raise
        return self.is_leader

    @override
    def was_elected(self) -> bool:
        new, self._new = self._new, False
        return new

    @override
    def release(self) -> None:
        self._drop()

    def _drop(self) -> None:
        connection, self._connection, self.is_leader = self._connection, None, False
        if connection is not None:
            connection.invalidate()  # a pooled connection would keep the lock
            connection.close()


class FileLeaderElection(LeaderElection):
    """The lock is the process': the system frees it however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._new = False
        self.is_leader = False

    @override
    def acquire(self) -> bool:
        if self.is_leader:
            return True
        if self._file is None:
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self.is_leader = self._new = True
        return True

    @override
    def was_elected(self) -> bool:
        new, self._new = self._new, False
        return new

    @override
    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file, self.is_leader = None, False


def leader_election_for(engine: Engine) -> LeaderElection:
    """Return the kind of lock that fits the database."""
    if engine.dialect.name == "postgresql":
        return PostgresLeaderElection(engine)
    return FileLeaderElection(Path(f"{engine.url.database}.relay"))

"""Leader election among the relays: an advisory lock on PostgreSQL, a file lock next to an SQLite database."""

import fcntl
import os
from abc import ABC, abstractmethod
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from identity.adapters.sql.engine import require_writable

_LOCK = 0x72656C79
"""The id of the advisory lock, `rely` in ASCII. The migrations use another lock."""
_SILENCE_SECONDS = 10.0
"""A leader that sends no statement for this long counts as frozen or disconnected.

Normally it sends a statement every two seconds, or every six seconds while Redis does not answer.
"""
_TERMINATE_SILENT_LEADER = text(
    "SELECT pg_terminate_backend(held.pid) FROM pg_locks held JOIN pg_stat_activity leader USING (pid)"
    " WHERE held.locktype = 'advisory' AND held.classid = 0 AND held.objid = :lock AND held.granted"
    " AND leader.datname = current_database() AND leader.usename = current_user"
    " AND leader.state_change < clock_timestamp() - make_interval(secs => :silent)"
)


class LeaderElection(ABC):
    """Leadership that lasts until it is released, or until its connection or process ends."""

    is_leader = False
    _newly_elected = False

    @abstractmethod
    def acquire(self) -> bool:
        """Try to become or stay the leader; return whether this process leads. Raises SQLAlchemyError, OSError."""

    def was_elected(self) -> bool:
        """Return True in the first call after each election of this process, otherwise False."""
        was_elected, self._newly_elected = self._newly_elected, False
        return was_elected

    @abstractmethod
    def release(self) -> None: ...


class PostgresLeaderElection(LeaderElection):
    """Holds an advisory lock on its own connection; when the connection is lost, so is leadership.

    A standby terminates the connection of a leader that sends no statement for `silence_seconds`. If that leader
    resumes later, the stream's checkpoint prevents it from publishing. The new leader reads from the
    table the positions that the former leader assigned.
    """

    def __init__(self, engine: Engine, *, silence_seconds: float = _SILENCE_SECONDS) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._silence_seconds = silence_seconds
        self._connection: Connection | None = None

    @override
    def acquire(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            require_writable(self._connection)  # a lock on a demoted server excludes no other relay
            if not self.is_leader:
                acquired = self._connection.scalar(
                    text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}
                )
                self.is_leader = self._newly_elected = bool(acquired)
                if not acquired:
                    self._connection.execute(
                        _TERMINATE_SILENT_LEADER, {"lock": _LOCK, "silent": self._silence_seconds}
                    )
        except SQLAlchemyError:
            self.release()
            raise
        return self.is_leader

    @override
    def release(self) -> None:
        connection, self._connection, self.is_leader = self._connection, None, False
        if connection is not None:
            connection.invalidate()  # a pooled connection would keep the lock
            connection.close()


class FileLeaderElection(LeaderElection):
    """Holds a lock on a file. The operating system releases the lock when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

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
        self.is_leader = self._newly_elected = True
        return True

    @override
    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file, self.is_leader = None, False


def leader_election_for(engine: Engine) -> LeaderElection:
    if engine.dialect.name == "postgresql":
        return PostgresLeaderElection(engine)
    return FileLeaderElection(Path(f"{engine.url.database}.relay"))

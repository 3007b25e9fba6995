"""Wakes a process after a commit: by LISTEN/NOTIFY on PostgreSQL, by polling on SQLite."""

import sqlite3
import threading
from typing import Any, Protocol

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from identity.adapters.sql.engine import connect_args

OUTBOX = "identity_outbox"
"""The channel for new events. The trigger that notifies it is in the migration `0001_tables_and_notify_trigger.py`."""


class CommitListener(Protocol):
    def wait(self, seconds: float) -> None:
        """Return after a commit, or after `seconds`; may return early. Raises OperationalError."""

    def interrupt(self) -> None:
        """End this wait and all later ones. On PostgreSQL it does nothing: callers wait two seconds at most."""

    def close(self) -> None: ...


class PostgresCommitListener(CommitListener):
    """A separate connection that listens on the channel.

    The first `wait`, and the first after an error, only starts listening and returns at once, so that the caller also
    processes earlier commits.
    """

    def __init__(self, engine: Engine, channel: str) -> None:
        self._channel = channel
        self._arguments = {**engine.dialect.create_connect_args(engine.url)[1], **connect_args()}
        self._connection: psycopg.Connection[Any] | None = None

    @override
    def wait(self, seconds: float) -> None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(**self._arguments, autocommit=True)
                self._connection.execute(f"LISTEN {self._channel}")
                return
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error as error:
            self.close()
            raise OperationalError("LISTEN", None, error) from error

    @override
    def interrupt(self) -> None:
        pass

    @override
    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteCommitListener(CommitListener):
    """Polls SQLite's data version, which changes with every commit of another connection."""

    def __init__(self, engine: Engine, *, poll_seconds: float) -> None:
        self._engine = engine
        self._poll_seconds = poll_seconds
        self._connection: Any = None
        self._version: int | None = None
        self._stopped = threading.Event()

    @override
    def wait(self, seconds: float) -> None:
        try:
            self._poll(seconds)
        except sqlite3.Error as error:
            self.close()
            raise OperationalError("PRAGMA data_version", None, error) from error

    def _poll(self, seconds: float) -> None:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        waited = 0.0
        while not self._stopped.is_set() and waited < seconds:
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                self._version = version
                return
            self._stopped.wait(self._poll_seconds)
            waited += self._poll_seconds

    @override
    def interrupt(self) -> None:
        self._stopped.set()

    @override
    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def commit_listener_for(engine: Engine, channel: str, *, poll_seconds: float) -> CommitListener:
    if engine.dialect.name == "postgresql":
        return PostgresCommitListener(engine, channel)
    return SqliteCommitListener(engine, poll_seconds=poll_seconds)

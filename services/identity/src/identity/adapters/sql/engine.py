"""Engines for PostgreSQL and SQLite with their time-outs and pools, and the readiness probe."""

import select
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from port_runtime.health import Unhealthy
from port_runtime.settings import SettingsError
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError

_SQLITE_BUSY_MS = 15_000
_CONNECT_TIMEOUT_SECONDS = 3
_STATEMENT_TIMEOUT_MS = 15_000
_TCP_TIMEOUT_MS = 10_000
_IDLE_IN_TRANSACTION_MS = (
    10_000  # below lock_timeout, so that a frozen process loses its locks before others fail
)

_READ_ONLY = "25006"
_UNABLE = frozenset({_READ_ONLY, "57P01", "57P02", "57P03"})
"""SQLSTATEs of a server that is read-only, is shutting down, has crashed or is starting."""
_REQUIRE_WRITABLE = text(
    "DO $$ BEGIN IF current_setting('transaction_read_only') = 'on' THEN"
    " RAISE read_only_sql_transaction USING MESSAGE = 'the database is read-only'; END IF; END $$"
)


def engine_options(url: URL, *, pool_size: int, pooler: bool = False) -> dict[str, Any]:
    """Return the options of an engine for this URL; the connection arguments set the time-outs.

    With a `pooler`, each transaction may use another server connection, so nothing but the time zone may outlive a
    transaction: the database's role sets the time-outs, and statements are not prepared on the server.
    """
    if url.get_backend_name() == "sqlite":
        return {
            "hide_parameters": True,
            "connect_args": {"timeout": _SQLITE_BUSY_MS / 1000, "check_same_thread": False},
        }
    return {
        "hide_parameters": True,  # errors are logged and must not contain personal data
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,
        "pool_use_lifo": True,  # the most recently used connection has prepared statements and a warm server process
        "connect_args": _network_args() | {"prepare_threshold": None} if pooler else connect_args(),
    }


def connect_args() -> dict[str, Any]:
    """Return psycopg's arguments for a connection without a pooler."""
    return {
        **_network_args(),
        "options": "-c TimeZone=UTC"
        f" -c statement_timeout={_STATEMENT_TIMEOUT_MS} -c lock_timeout={_STATEMENT_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}",
    }


def _network_args() -> dict[str, Any]:
    """Return the time-outs that detect a lost connection within 11 seconds; TCP's defaults take much longer."""
    return {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": _TCP_TIMEOUT_MS,
        "application_name": "identity",
    }


def autocommit_options(url: URL, *, pool_size: int, pooler: bool = False) -> dict[str, Any]:
    """Return the options of a PostgreSQL engine on which every statement is its own transaction.

    It is a separate engine because switching a pooled connection to AUTOCOMMIT and back took a tenth of the time of
    `GET /session`. Its commits do not wait for the disk: if the database crashes, the counts, last-seen times, refusals
    and used proofs of about the last half second may be lost. In return, requests wait only briefly for the locked
    counter of a busy address.
    """
    options = engine_options(url, pool_size=pool_size, pooler=pooler)
    if not pooler:  # a pooler does not accept this option: commits wait for the disk
        options["connect_args"]["options"] += " -c synchronous_commit=off"
    return {**options, "isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}


def make_engine(url: str, *, pool_size: int = 2, pooler: bool = False) -> Engine:
    """Return an engine for a process without Flask; call `configure_engine` next."""
    parsed = make_url(url)
    return create_engine(parsed, **engine_options(parsed, pool_size=pool_size, pooler=pooler))


def open_engine(url: str, *, pool_size: int = 2) -> Engine:
    """Return a configured engine for a process without Flask. Raises SettingsError."""
    engine = make_engine(url, pool_size=pool_size)
    configure_engine(engine)
    return engine


def configure_engine(engine: Engine) -> None:
    """Install an engine's event listeners, and create SQLite's folder. Raises SettingsError if that fails."""
    if engine.dialect.name == "sqlite":
        _configure_sqlite(engine)
    else:
        # Before SQLAlchemy's own listener, which cannot read the answers of a server with the encoding SQL_ASCII.
        event.listen(engine, "connect", _require_utf8, insert=True)
        event.listen(engine, "connect", _set_utc)
        event.listen(engine, "checkout", _discard_if_closed)
        event.listen(engine, "handle_error", _disconnect_if_unable)


class _WrongEncoding(psycopg.OperationalError):
    """The database's encoding is not UTF8, so it cannot store every Chinese character."""


def _require_utf8(connection: psycopg.Connection[Any], _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise _WrongEncoding(f"the encoding is {encoding}, but must be UTF8")


def _set_utc(connection: psycopg.Connection[Any], _record: object) -> None:
    """Make the server return times in UTC behind a pooler too. PgBouncer sets it on every connection it uses."""
    if connection.info.parameter_status("TimeZone") not in {"UTC", "Etc/UTC"}:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()


def _discard_if_closed(connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
    """Make the pool replace a connection that the server has closed. Its socket is readable, unlike an idle one.

    Unlike a ping, this costs no round trip. Without it, every pooled connection fails once after a database restart.
    """
    poll = select.poll()
    if connection.closed:
        raise DisconnectionError
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0):
        raise DisconnectionError


def _disconnect_if_unable(context: ExceptionContext) -> None:
    """Make SQLAlchemy replace all connections of the pool, so that the server's address is resolved again."""
    if getattr(context.original_exception, "sqlstate", None) in _UNABLE:
        context.is_disconnect = True


def _configure_sqlite(engine: Engine) -> None:
    if engine.url.database:
        _make_folder(Path(engine.url.database).parent)

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins the transactions, not sqlite3
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={_SQLITE_BUSY_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            # SQLite may refuse the first write of a deferred transaction that has already read.
            connection.exec_driver_sql("BEGIN IMMEDIATE")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            [f"IDENTITY_DATABASE_URL: the file's folder cannot be created ({error.strerror})"]
        ) from None


def database_probe(engine: Engine) -> Callable[[], None]:
    """Return a health check that fails while the database does not answer, lacks its tables or cannot write."""

    def probe() -> None:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1 FROM accounts LIMIT 1"))
                require_writable(connection)
        except DBAPIError as error:
            if isinstance(error.orig, _WrongEncoding):
                raise Unhealthy(str(error.orig)) from None
            if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
                raise Unhealthy("read-only") from None
            raise

    return probe


def require_writable(connection: Connection) -> None:
    """Raise the database's error if this connection cannot write, so that the pool opens a new one. Writes nothing."""
    is_sqlite = connection.dialect.name == "sqlite"
    connection.execute(text("UPDATE accounts SET id = id WHERE false") if is_sqlite else _REQUIRE_WRITABLE)

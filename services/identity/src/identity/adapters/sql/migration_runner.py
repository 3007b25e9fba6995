"""Runs the missing migrations of a database, one process at a time."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from port_runtime.health import Unhealthy
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import PendingRollbackError

from identity.adapters.sql.roles import grant_rights

_LOCK = 0x706F7274
"""`port` in ASCII: the advisory lock that serializes migrations."""
_RETRY_SECONDS = 0.5


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Run the missing migrations and grant the roles their rights; return the revisions before and after."""
    with _migration_lock(engine), engine.connect() as connection:
        _disable_statement_timeout(connection)
        before = _revision(connection)
        connection.rollback()
        _upgrade(connection)
        grant_rights(connection)
        connection.commit()
        after = _revision(connection)
        connection.rollback()
        return before, after


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except PendingRollbackError as error:
        # After a lost connection, Alembic's clean-up raises this and hides the real error.
        raise error.__context__ or error from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("identity_migrations")).replace("%", "%%"))
    return config


def head_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _disable_statement_timeout(connection: Connection) -> None:
    """Disable the statement time-out for migrations; `lock_timeout` stays."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()


def earlier_revisions() -> set[str]:
    """Return the revisions before the newest one; an unknown revision belongs to a later, compatible release."""
    revisions = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revisions - {head_revision()}


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    """Hold the lock on a separate connection, since it must outlive the transactions of the migrations.

    Polls instead of waiting inside PostgreSQL: a waiting statement holds a snapshot, and the holder of the lock may be
    building an index concurrently, which waits for all snapshots. PostgreSQL does not detect that deadlock, since it
    spans two connections.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        while not guard.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            time.sleep(_RETRY_SECONDS)
        try:
            yield
        finally:
            guard.invalidate()  # a pooled connection would keep the lock


def _revision(connection: Connection) -> str | None:
    # The commands print the revisions themselves.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    return MigrationContext.configure(connection).get_current_revision()


def revision_probe(engine: Engine) -> Callable[[], None]:
    """Return a health check that fails while a migration of this release is missing."""

    def probe() -> None:
        with engine.connect() as connection:
            present = _revision(connection)
        if present is None or present in earlier_revisions():
            raise Unhealthy(f"at {present or 'nothing'}, newest is {head_revision()}: run `identity migrate`")

    return probe

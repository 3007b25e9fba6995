"""Brings a database up to date, one process at a time (expand and contract)."""

import logging
from collections.abc import Callable
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from port_runtime.health import Unhealthy
from sqlalchemy import Connection, Engine, text

_LOCK = 0x706F7274
"""`port` in ASCII: the advisory lock that one migration at a time holds."""


def migrate(engine: Engine) -> tuple[str | None, str | None]:
    """Run what is missing; return the revisions before and after."""
    # The lock outlives the migrations' own transactions, so it has a connection of its own.
    with engine.connect() as guard, engine.connect() as connection:
        _lift_time_limits(guard, "statement_timeout", "lock_timeout")
        _lock(guard)
        _lift_time_limits(connection, "statement_timeout")
        before = _revision(connection)
        connection.rollback()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        after = _revision(connection)
        connection.rollback()
        return before, after


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("identity_migrations")).replace("%", "%%"))
    return config


def newest() -> str | None:
    """Return the newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _lift_time_limits(connection: Connection, *limits: str) -> None:
    """Let a migration take its time, and the next one wait for it; a table's own lock is still waited for briefly."""
    if connection.dialect.name == "postgresql":
        for limit in limits:
            connection.execute(text(f"SET {limit} = 0"))
        connection.commit()


def older() -> set[str]:
    """Return the revisions before the newest. One that is not known is of a later release, whose tables suit us too."""
    revisions = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revisions - {newest()}


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()  # the lock is the session's, so no transaction stays open meanwhile


def _revision(connection: Connection) -> str | None:
    # The commands themselves tell what they found and did.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    return MigrationContext.configure(connection).get_current_revision()


def revision_probe(engine: Engine) -> Callable[[], None]:
    """Return what tells whether the database has the tables of this release, or of a later one."""

    def probe() -> None:
        with engine.connect() as connection:
            present = _revision(connection)
        if present is None or present in older():
            raise Unhealthy(f"at {present or 'nothing'}, newest is {newest()}: run `identity migrate`")

    return probe

"""Upgrades work during writes to tables of any size, and after an interrupted upgrade (deploy/runbook.md)."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import head_revision, migrate
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program

INDEXES = [("ix_accounts_email", True), ("ix_accounts_tax_id", True)]
DOWNGRADE = """
    DROP INDEX ix_accounts_email, ix_accounts_tax_id;
    UPDATE alembic_version SET version_num = '0004'
"""
ACCOUNT = """
    INSERT INTO accounts (id, kind, username, name, mobile, email, tax_id, company_phone, company_name, company_address,
      password_hash, former_hashes, credential_version, review, created_at, revision, sequence)
    VALUES (gen_random_uuid(), 'general', 'example1234', '', '', '', '', '', '', '', '', '[]', 1, 'none', now(), 1, 1)
"""
BUILD = "CREATE INDEX CONCURRENTLY ix_accounts_email ON accounts (email)"
MIGRATION_SECONDS = 60


class Upgrading:
    """A database marked as revision 0004, without the indexes of 0005; an open transaction blocks index builds."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url, self._stack = url, stack
        self._dsn = url.replace("postgresql+psycopg", "postgresql")
        self._pool = stack.enter_context(ThreadPoolExecutor())
        self.anyone = self.connect()
        self.anyone.execute(DOWNGRADE)
        self._writer = self.connect(autocommit=False)
        self._writer.execute(ACCOUNT)

    def connect(self, *, autocommit: bool = True) -> "psycopg.Connection[tuple[Any, ...]]":
        connection = psycopg.connect(self._dsn, autocommit=autocommit, options="-c lock_timeout=2000")
        return self._stack.enter_context(connection)

    def migrate(self) -> Future[tuple[str | None, str | None]]:
        """Run the migrations in a thread."""
        return self._pool.submit(self._migrate)

    def _migrate(self) -> tuple[str | None, str | None]:
        engine = open_engine(self.url)
        try:
            return migrate(engine)
        finally:
            engine.dispose()

    def build(self) -> Future[None]:
        """Build one of the indexes in a thread, as the server does after its client has disconnected."""
        return self._pool.submit(self._build)

    def _build(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as builder:
            builder.execute(BUILD)

    def wait_for(self, statement: str, *, count: int = 1) -> list[int]:
        """Wait for `count` backends whose last statement starts with this LIKE pattern; return their process ids."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"

        def found() -> list[int]:
            return [pid for (pid,) in self.anyone.execute(query, (f"{statement}%",)).fetchall()]

        wait_until(lambda: len(found()) >= count, what=statement)
        return found()

    def builds(self) -> bool:
        query = "SELECT FROM pg_stat_progress_create_index WHERE datname = current_database()"
        return bool(self.anyone.execute(query).fetchall())

    def commit_writer(self) -> None:
        self._writer.commit()

    def indexes(self) -> list[tuple[Any, ...]]:
        """Return the indexes of the migration, and whether each index is valid."""
        return self.anyone.execute(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE relname IN ('ix_accounts_email', 'ix_accounts_tax_id') ORDER BY relname"
        ).fetchall()


@pytest.fixture
def upgrading(postgresql_url: str) -> Iterator[Upgrading]:
    with ExitStack() as stack:
        upgrading = Upgrading(postgresql_url, stack)
        stack.callback(
            upgrading.commit_writer
        )  # before the pool waits for its threads, which the transaction blocks
        yield upgrading


def test_a_migration_that_was_applied_but_not_recorded_is_repeated(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))

    again = migrate(engine)

    engine.dispose()
    assert again == ("0004", head_revision())


def test_a_migration_releases_its_lock_although_the_process_continues(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    migrate(engine)

    locks = text(
        "SELECT pid FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    with engine.connect() as connection:  # the server closes the connection with a delay
        wait_until(lambda: not connection.execute(locks).all(), what="the lock to be released")
    engine.dispose()


def test_accounts_can_be_written_while_their_indexes_are_built(upgrading: Upgrading) -> None:
    migrating = upgrading.migrate()
    upgrading.wait_for("CREATE INDEX")

    written = upgrading.anyone.execute(ACCOUNT.replace("example1234", "example5678"))

    upgrading.commit_writer()
    assert written.rowcount == 1
    assert migrating.result(MIGRATION_SECONDS) == ("0004", head_revision())
    assert upgrading.indexes() == INDEXES


def test_an_interrupted_migration_is_repeated(upgrading: Upgrading) -> None:
    cut_off = upgrading.migrate()
    for process in upgrading.wait_for("CREATE INDEX"):
        upgrading.anyone.execute("SELECT pg_terminate_backend(%s)", (process,))
    with pytest.raises(OperationalError):
        cut_off.result(MIGRATION_SECONDS)
    left_behind = upgrading.indexes()
    upgrading.commit_writer()

    again = upgrading.migrate().result(MIGRATION_SECONDS)

    assert left_behind == [("ix_accounts_email", False)]
    assert again == ("0004", head_revision())
    assert upgrading.indexes() == INDEXES


def test_a_stopped_job_cancels_its_statement(upgrading: Upgrading, tmp_path: Path) -> None:
    environment = {"IDENTITY_MODE": "local", "IDENTITY_DATABASE_URL": upgrading.url}
    job = Program("identity", "migrate", environment=environment, directory=tmp_path)
    try:
        upgrading.wait_for("CREATE INDEX")

        code = job.stop()
    finally:
        job.destroy()

    wait_until(lambda: not upgrading.builds(), what="the end of the statement")
    assert (code, job.output.split()) == (1, ["Aborted!"])


def test_two_migrations_at_once_do_not_deadlock(upgrading: Upgrading) -> None:
    both = [upgrading.migrate(), upgrading.migrate()]
    upgrading.wait_for("CREATE INDEX")
    upgrading.wait_for("SELECT pg_%advisory_lock", count=2)

    upgrading.commit_writer()

    ended = [each.result(MIGRATION_SECONDS) for each in both]
    assert sorted(ended) == [("0004", head_revision()), (head_revision(), head_revision())]
    assert upgrading.indexes() == INDEXES


def test_a_migration_waits_for_an_index_that_is_built_for_a_lost_client(
    upgrading: Upgrading,
) -> None:
    building = upgrading.build()
    upgrading.wait_for("CREATE INDEX")
    migrating = upgrading.migrate()
    upgrading.wait_for("SELECT EXISTS (SELECT FROM pg_stat_progress_create_index")

    upgrading.commit_writer()

    building.result(MIGRATION_SECONDS)
    assert migrating.result(MIGRATION_SECONDS) == ("0004", head_revision())
    assert upgrading.indexes() == INDEXES

"""Builds and drops indexes without blocking writes to the table (deploy/runbook.md, Upgrading)."""

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

_POLL_SECONDS = 0.5
_BUILDS = sa.text(
    "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index"
    " WHERE datname = current_database() AND relid = to_regclass(:table))"
)
_IS_INVALID = sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


def build_index(name: str, table: str, columns: Sequence[str], *, where: sa.TextClause | None = None) -> None:
    """Build an index concurrently; safe to repeat after an interrupted attempt.

    Commits the migration's transaction first, so such a migration must do nothing else. The build waits for every older
    transaction of the database, and blocks no writes.
    """
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, columns, sqlite_where=where, if_not_exists=True)
        return
    with op.get_context().autocommit_block():
        _wait_for_builds(table)
        op.execute("SET lock_timeout = 0")
        if op.get_bind().scalar(_IS_INVALID, {"name": name}):
            op.drop_index(name, table_name=table, postgresql_concurrently=True)
        op.create_index(
            name, table, columns, postgresql_where=where, postgresql_concurrently=True, if_not_exists=True
        )
        op.execute("RESET lock_timeout")


def drop_index(name: str, table: str) -> None:
    """Drop an index concurrently, if it exists. Commits the migration's transaction first."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table_name=table, if_exists=True)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)


def _wait_for_builds(table: str) -> None:
    """Wait until no index of the table is being built.

    The server finishes a statement even if its client has been killed, so an invalid index may still be under
    construction. Polls, because a statement that waits for the index holds a snapshot, for which the build waits.
    """
    while op.get_bind().scalar(_BUILDS, {"table": table}):
        time.sleep(_POLL_SECONDS)

"""Indexes on tables that are in use: no write waits for one (deploy/runbook.md, Upgrading)."""

import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

_ASK_AGAIN_SECONDS = 0.5
_BUILDS = sa.text(
    "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index"
    " WHERE datname = current_database() AND relid = to_regclass(:table))"
)
_HALF_BUILT = sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


def build_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Build an index beside the writes to its table; may be repeated, whatever an earlier try left behind.

    The migration's transaction is committed before: such a migration does this and nothing else. The building waits for
    every older transaction of the database, for as long as those take, and nobody waits for it meanwhile.
    """
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, columns, if_not_exists=True)
        return
    with op.get_context().autocommit_block():
        _wait_for_builders(table)
        op.execute("SET lock_timeout = 0")
        if op.get_bind().scalar(_HALF_BUILT, {"name": name}):
            op.drop_index(name, table_name=table, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, if_not_exists=True)
        op.execute("RESET lock_timeout")


def drop_index(name: str, table: str) -> None:
    """Drop an index beside the writes to its table; one that is gone is none the less dropped."""
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index(name, table_name=table, if_exists=True)
        return
    with op.get_context().autocommit_block():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)


def _wait_for_builders(table: str) -> None:
    """Return when nobody builds an index on the table any more.

    A server finishes a statement whose client was killed, so an index may be half built because it is still being
    built. It is asked for again and again: waiting for its lock would hold a snapshot, for which it waits in turn.
    """
    while op.get_bind().scalar(_BUILDS, {"table": table}):
        time.sleep(_ASK_AGAIN_SECONDS)

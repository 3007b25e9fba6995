"""Deletes rows past their retention; each query uses an index."""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import Column, Delete, bindparam, delete, exists, select, tuple_
from typing_extensions import override

from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.oidc_tables import (
    authorization_requests,
    grant_codes,
    grant_tokens,
    grants,
    logouts,
    seen_proofs,
)
from identity.adapters.sql.tables import counters, mail_links, outbox, rejections, sessions
from identity.domain.registration_rejection import REJECTION_LIFETIME
from identity.usecases.ports.purger import Purger

_LINK_RETENTION = timedelta(days=2)
"""A day longer than any link is valid. `identity tidy` finds expired changes of mailbox by their links."""
_ENDED_RETENTION = timedelta(days=30)
"""The retention of ended grants, and of logouts that were delivered, have failed or were dropped."""
BATCH_SIZE = 500
_row = outbox.c
_child = grants.alias("child")
_OLDEST = (
    select(_row.position, _row.published_at, _row.sealed.is_not(None).label("waits"))
    .where(_row.position > 0)
    .order_by(_row.position)
    .limit(bindparam("limit"))
)
_DELETE = delete(outbox).where(_row.position.between(bindparam("first"), bindparam("last")))


class SqlPurger(EngineAdapter, Purger):
    """Deletes rows in batches, each in its own transaction."""

    @override
    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        ended_before = now - _ENDED_RETENTION
        return sum(
            self._purge(column, before)
            for column, before in (
                (sessions.c.expires_at, now),
                (sessions.c.seen_at, idle_since),
                (mail_links.c.issued_at, now - _LINK_RETENTION),
                (rejections.c.rejected_at, now - REJECTION_LIFETIME),
                (counters.c.expires_at, now),
                (authorization_requests.c.expires_at, now),
                (seen_proofs.c.expires_at, now),
                (grant_codes.c.expires_at, now),
                (grant_tokens.c.expires_at, now),
                (grants.c.ended_at, ended_before),
                (logouts.c.done_at, ended_before),
            )
        )

    @override
    def purge_events(self, before: datetime) -> int:
        deleted = 0
        while True:
            with self._engine.begin() as connection:
                # One row more than the batch, because the newest event must stay.
                oldest = connection.execute(_OLDEST, {"limit": BATCH_SIZE + 1}).all()
                due = list(takewhile(lambda row: row.published_at <= before and not row.waits, oldest[:-1]))
                if due:
                    ends = {"first": due[0].position, "last": due[-1].position}
                    deleted += connection.execute(_DELETE, ends).rowcount
            if len(due) < BATCH_SIZE:
                return deleted

    def _purge(self, column: Column[Any], before: datetime) -> int:
        """Delete the rows whose time is at or before `before`, in batches that skip locked rows."""
        statement, deleted = _delete_unlocked(column), 0
        while True:
            with self._engine.begin() as connection:
                batch = connection.execute(statement, {"before": before, "limit": BATCH_SIZE}).rowcount
            deleted += batch
            if not batch:
                return deleted


def _delete_unlocked(column: Column[Any]) -> Delete:
    """Return a statement that deletes the oldest rows. It skips locked rows, which the next run deletes.

    A login locks the counter of its account, then the counter of its client address. A cleanup that held one of the
    locks while waiting for the other could deadlock with the login.
    """
    table = column.table
    key = list(table.primary_key)
    unlocked = select(*key).where(column <= bindparam("before")).order_by(column)
    if table is grants:  # a child refers to its parent
        unlocked = unlocked.where(~exists().where(_child.c.parent_id == grants.c.id))
    return delete(table).where(
        tuple_(*key).in_(unlocked.limit(bindparam("limit")).with_for_update(skip_locked=True))
    )

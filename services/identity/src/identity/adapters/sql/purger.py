"""Deletes rows past their retention, found through indexes."""

from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import ColumnElement, Delete, Engine, Table, bindparam, delete, select, tuple_
from typing_extensions import override

from identity.adapters.sql.oauth_tables import authorization_requests, logouts
from identity.adapters.sql.tables import counters, mail_links, outbox, rejections, sessions
from identity.domain.rejection import REJECTION_LIFETIME
from identity.usecases.ports.purger import Purger

_LINK_RETENTION = timedelta(days=2)
"""A day longer than any link is valid, so that a late click is answered by `expired` and not by `invalid`."""
_LOGOUT_RETENTION = timedelta(days=30)
BATCH_SIZE = 500
_row = outbox.c
_OLDEST = (
    select(_row.position, _row.published_at, _row.sealed.is_not(None).label("waits"))
    .where(_row.position > 0)
    .order_by(_row.position)
    .limit(bindparam("limit"))
)
_DELETE = delete(outbox).where(_row.position.between(bindparam("first"), bindparam("last")))


class SqlPurger(Purger):
    """Deletes in batches, each in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        statements = (
            _delete_unlocked(sessions, sessions.c.expires_at <= now),
            _delete_unlocked(sessions, sessions.c.seen_at <= idle_since),
            _delete_unlocked(mail_links, mail_links.c.issued_at <= now - _LINK_RETENTION),
            _delete_unlocked(rejections, rejections.c.rejected_at <= now - REJECTION_LIFETIME),
            _delete_unlocked(counters, counters.c.expires_at <= now),
            _delete_unlocked(authorization_requests, authorization_requests.c.expires_at <= now),
            _delete_unlocked(logouts, logouts.c.done_at <= now - _LOGOUT_RETENTION),
        )
        return sum(self._delete(statement) for statement in statements)

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

    def _delete(self, statement: Delete) -> int:
        """Delete in a transaction of its own, so that it holds no lock while it waits for another."""
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount


def _delete_unlocked(table: Table, condition: ColumnElement[bool]) -> Delete:
    """Return a statement that skips locked rows (`SKIP LOCKED`); the next run deletes them.

    A login locks the counter of its account and then that of its address. A cleanup that held one of them while waiting
    for the other could deadlock with the login.
    """
    key = list(table.primary_key)
    unlocked = select(*key).where(condition).with_for_update(skip_locked=True)
    return delete(table).where(tuple_(*key).in_(unlocked))

"""Deletes rows that are past their time, found by an index."""

from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import ColumnElement, Delete, Engine, Table, bindparam, delete, select, tuple_
from typing_extensions import override

from identity.adapters.sql.tables import counters, mail_links, outbox, sessions
from identity.usecases.ports.queries import Purger

_LINK_RETENTION = timedelta(days=2)
"""Past the longest validity: long enough to tell `expired` from `invalid` for a day more."""


BATCH_SIZE = 500
_row = outbox.c
_OLDEST = (
    select(_row.position, _row.published_at, _row.sealed.is_not(None).label("waits"))
    .where(_row.position > 0)
    .order_by(_row.position)
    .limit(bindparam("limit"))
)
_DROP = delete(outbox).where(_row.position.between(bindparam("first"), bindparam("last")))


class SqlPurger(Purger):
    """The tidy use case's broom."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def purge(self, now: datetime, *, idle_since: datetime) -> int:
        statements = (
            _dropping(sessions, sessions.c.expires_at <= now),
            _dropping(sessions, sessions.c.seen_at <= idle_since),
            _dropping(mail_links, mail_links.c.issued_at <= now - _LINK_RETENTION),
            _dropping(counters, counters.c.expires_at <= now),
        )
        return sum(self._delete(statement) for statement in statements)

    @override
    def purge_events(self, before: datetime) -> int:
        dropped = 0
        while True:
            with self._engine.begin() as connection:
                # One more than is dropped: the newest of all is never among them.
                oldest = connection.execute(_OLDEST, {"limit": BATCH_SIZE + 1}).all()
                done = list(takewhile(lambda row: row.published_at <= before and not row.waits, oldest[:-1]))
                if done:
                    ends = {"first": done[0].position, "last": done[-1].position}
                    dropped += connection.execute(_DROP, ends).rowcount
            if len(done) < BATCH_SIZE:
                return dropped

    def _delete(self, statement: Delete) -> int:
        """Delete in a transaction of its own, so that no lock is held while another is waited for."""
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount


def _dropping(table: Table, past: ColumnElement[bool]) -> Delete:
    """Return what deletes rows but those that somebody holds at this moment, which the next time finds.

    A login takes its account's counter and then its address' one; whoever waited for either, holding the other, would
    wait in a ring with it.
    """
    key = list(table.primary_key)
    free = select(*key).where(past).with_for_update(skip_locked=True)
    return delete(table).where(tuple_(*key).in_(free))

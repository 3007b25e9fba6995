"""Deletes rows that are past their time; every deletion goes by an index."""

from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Delete, Engine, bindparam, delete, select

from identity.adapters.tables import counters, mail_links, outbox, sessions

_LINKS_KEPT = timedelta(days=2)
"""Past the longest validity: long enough to tell `expired` from `invalid` for a day more."""


BATCH = 500
_row = outbox.c
_OLDEST = (
    select(_row.position, _row.published_at, _row.sealed.is_not(None).label("waits"))
    .where(_row.position > 0)
    .order_by(_row.position)
    .limit(bindparam("limit"))
)
_DROP = delete(outbox).where(_row.position.between(bindparam("first"), bindparam("last")))


class SqlSweeper:
    """The tidy use case's broom."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sweep(self, now: datetime, *, idle_since: datetime) -> int:
        """Delete ended sessions, old links and counters; return how many rows."""
        statements = (
            delete(sessions).where(sessions.c.expires_at <= now),
            delete(sessions).where(sessions.c.seen_at <= idle_since),
            delete(mail_links).where(mail_links.c.issued_at <= now - _LINKS_KEPT),
            delete(counters).where(counters.c.expires_at <= now),
        )
        return sum(self._delete(statement) for statement in statements)

    def drop_facts(self, before: datetime) -> int:
        """Delete what was published before, in batches from the oldest; return how many rows."""
        dropped = 0
        while True:
            with self._engine.begin() as connection:
                # One more than is dropped: the newest of all is never among them.
                oldest = connection.execute(_OLDEST, {"limit": BATCH + 1}).all()
                done = list(takewhile(lambda row: row.published_at <= before and not row.waits, oldest[:-1]))
                if done:
                    ends = {"first": done[0].position, "last": done[-1].position}
                    dropped += connection.execute(_DROP, ends).rowcount
            if len(done) < BATCH:
                return dropped

    def _delete(self, statement: Delete) -> int:
        """Delete in a transaction of its own, so that no lock is held while another is waited for."""
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount

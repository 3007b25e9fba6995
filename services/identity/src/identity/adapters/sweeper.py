"""Deletes rows that are past their time; every deletion goes by an index."""

from datetime import datetime, timedelta

from sqlalchemy import Delete, Engine, delete

from identity.adapters.tables import counters, mail_links, sessions

_LINKS_KEPT = timedelta(days=2)
"""Past the longest validity: long enough to tell `expired` from `invalid` for a day more."""


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

    def _delete(self, statement: Delete) -> int:
        """Delete in a transaction of its own, so that no lock is held while another is waited for."""
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount

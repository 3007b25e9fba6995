"""Metrics that are read from the database on each scrape (OPS-4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from port_runtime.metrics import Metric, Sample
from sqlalchemy import Column, ColumnElement, Engine, func, select

from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.oidc_tables import grants, logouts
from identity.adapters.sql.tables import audit, audit_segments, counters, outbox, sessions, tidy_runs
from identity.metrics.notify import GRANTS, LOGOUTS_OLDEST, LOGOUTS_WAITING
from identity.metrics.relay import (
    AUDIT_HEAD,
    AUDIT_OLDEST,
    AUDIT_UNSEALED,
    MAILS_OLDEST,
    MAILS_WAITING,
    OUTBOX_OLDEST,
    OUTBOX_UNPUBLISHED,
)
from identity.metrics.web import EXPIRED_OLDEST, SESSIONS, TIDY_LAST_SUCCESS


class SessionCollector(EngineAdapter):
    def __init__(self, engine: Engine, *, idle_seconds: int) -> None:
        super().__init__(engine)
        self._idle = timedelta(seconds=idle_seconds)

    def collect(self) -> Iterator[Sample]:
        """Count the sessions that have reached neither their idle nor their absolute lifetime."""
        now = datetime.now(UTC)
        query = select(func.count()).where(sessions.c.expires_at > now, sessions.c.seen_at > now - self._idle)
        yield Sample(SESSIONS, self._value(query) or 0)


class TidyCollector(EngineAdapter):
    """How long ago `identity tidy` last completed, and how long the oldest session or counter is overdue."""

    def __init__(self, engine: Engine, *, idle_seconds: int) -> None:
        super().__init__(engine)
        self._idle = timedelta(seconds=idle_seconds)

    def collect(self) -> Iterator[Sample]:
        """Yield both times in seconds; that of `identity tidy` is missing if no run has completed."""
        columns = (sessions.c.seen_at, sessions.c.expires_at, counters.c.expires_at)
        with self._engine.connect() as connection:
            seen, *expired = (connection.scalar(select(func.min(column))) for column in columns)
            finished_at = connection.scalar(select(tidy_runs.c.finished_at))
        due = [at for at in (seen and seen + self._idle, *expired) if at]
        yield Sample(EXPIRED_OLDEST, max(map(_age_seconds, due), default=0))
        if finished_at:
            yield Sample(TIDY_LAST_SUCCESS, _age_seconds(finished_at))


class _BacklogCollector(EngineAdapter):
    def _backlog(
        self, recorded_at: Column[Any], waits: ColumnElement[bool], *, count: Metric, age: Metric
    ) -> Iterator[Sample]:
        """Yield the number of rows that wait, and the age of the oldest in seconds."""
        with self._engine.connect() as connection:
            found, oldest = connection.execute(select(func.count(), func.min(recorded_at)).where(waits)).one()
        yield Sample(count, found)
        yield Sample(age, _age_seconds(oldest) if oldest else 0)


class OutboxCollector(_BacklogCollector):
    """The backlog of the outbox, read through its partial indexes."""

    def collect(self) -> Iterator[Sample]:
        """Count events without a position, and mails whose sealed payload is still stored; find the oldest of each."""
        row = outbox.c
        is_unpublished, is_sealed = row.position.is_(None), row.sealed.is_not(None)
        yield from self._backlog(row.created_at, is_unpublished, count=OUTBOX_UNPUBLISHED, age=OUTBOX_OLDEST)
        yield from self._backlog(row.created_at, is_sealed, count=MAILS_WAITING, age=MAILS_OLDEST)


class AuditCollector(_BacklogCollector):
    """The rows of the audit log outside its hash chain, read through a partial index, and the newest segment."""

    def collect(self) -> Iterator[Sample]:
        yield Sample(AUDIT_HEAD, self._value(select(func.max(audit_segments.c.number))) or 0)
        yield from self._backlog(audit.c.at, audit.c.place.is_(None), count=AUDIT_UNSEALED, age=AUDIT_OLDEST)


class LogoutCollector(_BacklogCollector):
    """The grants that have not ended and the pending logouts, read through their partial indexes (OIDC-22).

    Pending logouts accumulate while a client is down.
    """

    def collect(self) -> Iterator[Sample]:
        row = logouts.c
        yield Sample(GRANTS, self._value(select(func.count()).where(grants.c.ended_at.is_(None))) or 0)
        yield from self._backlog(
            row.created_at, row.done_at.is_(None), count=LOGOUTS_WAITING, age=LOGOUTS_OLDEST
        )


def _age_seconds(since: datetime) -> float:
    return max((datetime.now(UTC) - since).total_seconds(), 0)

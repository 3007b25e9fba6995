"""Metrics that are read from the database on each scrape (OPS-4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from port_runtime.metrics import Sample
from sqlalchemy import Engine, func, select

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


class SessionCollector:
    def __init__(self, engine: Engine, *, idle_seconds: int) -> None:
        self._engine = engine
        self._idle = timedelta(seconds=idle_seconds)

    def collect(self) -> Iterator[Sample]:
        """Count the sessions that have reached neither their idle nor their absolute lifetime."""
        now = datetime.now(UTC)
        query = select(func.count()).where(sessions.c.expires_at > now, sessions.c.seen_at > now - self._idle)
        with self._engine.connect() as connection:
            yield Sample(SESSIONS, connection.scalar(query) or 0)


class TidyCollector:
    """How long ago `identity tidy` last completed, and how long the oldest session or counter is overdue."""

    def __init__(self, engine: Engine, *, idle_seconds: int) -> None:
        self._engine = engine
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


class OutboxCollector:
    """The backlog of the outbox, read through its partial indexes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        """Count events without a position, and mails whose sealed payload is still stored; find the oldest of each."""
        row = outbox.c
        for condition, count, age in (
            (row.position.is_(None), OUTBOX_UNPUBLISHED, OUTBOX_OLDEST),
            (row.sealed.is_not(None), MAILS_WAITING, MAILS_OLDEST),
        ):
            with self._engine.connect() as connection:
                found, oldest = connection.execute(
                    select(func.count(), func.min(row.created_at)).where(condition)
                ).one()
            yield Sample(count, found)
            yield Sample(age, _age_seconds(oldest) if oldest else 0)


class AuditCollector:
    """The rows of the audit log outside its hash chain, read through a partial index, and the newest segment."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        waiting = select(func.count(), func.min(audit.c.at)).where(audit.c.place.is_(None))
        with self._engine.connect() as connection:
            found, oldest = connection.execute(waiting).one()
            head = connection.scalar(select(func.max(audit_segments.c.number)))
        yield Sample(AUDIT_HEAD, head or 0)
        yield Sample(AUDIT_UNSEALED, found)
        yield Sample(AUDIT_OLDEST, _age_seconds(oldest) if oldest else 0)


class LogoutCollector:
    """The grants that have not ended and the pending logouts, read through their partial indexes (OIDC-22).

    Pending logouts accumulate while a client is down.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        waiting = select(func.count(), func.min(logouts.c.created_at)).where(logouts.c.done_at.is_(None))
        with self._engine.connect() as connection:
            found, oldest = connection.execute(waiting).one()
            open_grants = connection.scalar(select(func.count()).where(grants.c.ended_at.is_(None)))
        yield Sample(GRANTS, open_grants or 0)
        yield Sample(LOGOUTS_WAITING, found)
        yield Sample(LOGOUTS_OLDEST, _age_seconds(oldest) if oldest else 0)


def _age_seconds(since: datetime) -> float:
    return max((datetime.now(UTC) - since).total_seconds(), 0)

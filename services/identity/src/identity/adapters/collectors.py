"""What is looked up at each scrape: in the database and in Redis (OPS-4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from port_events.lag import group_lags
from port_runtime.metrics import Sample
from redis import Redis
from sqlalchemy import Engine, func, select

from identity.adapters.sql.tables import audit, outbox, sessions
from identity.metrics import (
    AUDIT_OLDEST,
    AUDIT_UNSEALED,
    MAILS_OLDEST,
    MAILS_WAITING,
    OUTBOX_OLDEST,
    OUTBOX_UNPUBLISHED,
    SESSIONS,
    STREAM_ENTRIES,
    STREAM_LAG,
    STREAM_OLDEST,
    STREAM_PENDING,
)

MAX_GROUPS: Final = 50
"""A consumer may make any number of groups; so many of them are told of."""


class SessionCollector:
    """How many people are logged in."""

    def __init__(self, engine: Engine, *, idle_seconds: int) -> None:
        self._engine = engine
        self._idle = timedelta(seconds=idle_seconds)

    def collect(self) -> Iterator[Sample]:
        """Count the sessions past neither of their limits."""
        now = datetime.now(UTC)
        open_ones = select(func.count()).where(
            sessions.c.expires_at > now, sessions.c.seen_at > now - self._idle
        )
        with self._engine.connect() as connection:
            yield Sample(SESSIONS, connection.scalar(open_ones) or 0)


class OutboxCollector:
    """What the outbox still has to bring away, by its partial indexes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        """Count what is not published, and the mails without a receipt: their sealed part is still there."""
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
    """What of the audit log is not in its chain yet, by its partial index (SEC-11)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        """Count the rows that wait to be sealed, those of seconds where all is well."""
        waiting = select(func.count(), func.min(audit.c.at)).where(audit.c.place.is_(None))
        with self._engine.connect() as connection:
            found, oldest = connection.execute(waiting).one()
        yield Sample(AUDIT_UNSEALED, found)
        yield Sample(AUDIT_OLDEST, _age_seconds(oldest) if oldest else 0)


class StreamCollector:
    """How far each group of consumers is behind the stream."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client, self._stream = client, stream

    def collect(self) -> Iterator[Sample]:
        """Ask Redis; a stream that is not there yet has no entries and no groups."""
        yield Sample(STREAM_ENTRIES, int(self._client.xlen(self._stream)))
        for lag in islice(group_lags(self._client, self._stream), MAX_GROUPS):
            yield Sample(STREAM_PENDING, lag.pending, (lag.group,))
            yield Sample(STREAM_OLDEST, lag.oldest_seconds, (lag.group,))
            if lag.unread is not None:
                yield Sample(STREAM_LAG, lag.unread, (lag.group,))


def _age_seconds(instant: datetime) -> float:
    return max((datetime.now(UTC) - instant).total_seconds(), 0)

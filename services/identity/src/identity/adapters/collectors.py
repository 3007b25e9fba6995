"""Metrics that are read from the database and from Redis on each scrape (OPS-4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from port_events.envelope import MAIL_STREAM
from port_events.lag import group_lags
from port_runtime.metrics import Sample
from redis import Redis
from sqlalchemy import Engine, func, select

from identity.adapters.jose.signer import JoseSigner
from identity.adapters.sql.oauth_tables import grants, logouts
from identity.adapters.sql.tables import audit, outbox, sessions
from identity.metrics import (
    AUDIT_OLDEST,
    AUDIT_UNSEALED,
    GRANTS,
    LOGOUTS_OLDEST,
    LOGOUTS_WAITING,
    MAILS_OLDEST,
    MAILS_WAITING,
    OUTBOX_OLDEST,
    OUTBOX_UNPUBLISHED,
    SESSIONS,
    SIGNING_KEYS,
    STREAM_ENTRIES,
    STREAM_LAG,
    STREAM_OLDEST,
    STREAM_PENDING,
    STREAMS,
)

MAX_GROUPS: Final = 50
"""Consumers may create any number of groups; only this many get series."""


class SessionCollector:
    """The number of open sessions."""

    def __init__(self, engine: Engine, *, idle_seconds: int) -> None:
        self._engine = engine
        self._idle = timedelta(seconds=idle_seconds)

    def collect(self) -> Iterator[Sample]:
        """Count the sessions that have reached neither their idle nor their absolute lifetime."""
        now = datetime.now(UTC)
        query = select(func.count()).where(sessions.c.expires_at > now, sessions.c.seen_at > now - self._idle)
        with self._engine.connect() as connection:
            yield Sample(SESSIONS, connection.scalar(query) or 0)


class OutboxCollector:
    """The backlog of the outbox, read through its partial indexes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        """Count unpublished events, and mails without a receipt: those still have their sealed payload."""
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
    """The rows of the audit log outside the chain, read through a partial index (SEC-11)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        """Count the rows that are not in the chain yet; a healthy relay is only seconds behind."""
        waiting = select(func.count(), func.min(audit.c.at)).where(audit.c.place.is_(None))
        with self._engine.connect() as connection:
            found, oldest = connection.execute(waiting).one()
        yield Sample(AUDIT_UNSEALED, found)
        yield Sample(AUDIT_OLDEST, _age_seconds(oldest) if oldest else 0)


class LogoutCollector:
    """The grants that have not ended and the logouts not told, read through their partial indexes (OIDC-22)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Sample]:
        """Count grants and logouts; a client that is down has its logouts waiting here."""
        waiting = select(func.count(), func.min(logouts.c.created_at)).where(logouts.c.done_at.is_(None))
        with self._engine.connect() as connection:
            found, oldest = connection.execute(waiting).one()
            open_grants = connection.scalar(select(func.count()).where(grants.c.ended_at.is_(None)))
        yield Sample(GRANTS, open_grants or 0)
        yield Sample(LOGOUTS_WAITING, found)
        yield Sample(LOGOUTS_OLDEST, _age_seconds(oldest) if oldest else 0)


class SigningKeyCollector:
    """The keys that may sign; none is usable when the clock runs behind them all."""

    def __init__(self, signer: JoseSigner) -> None:
        self._signer = signer

    def collect(self) -> Iterator[Sample]:
        """Count the keys by algorithm."""
        for algorithm, count in self._signer.usable_keys().items():
            yield Sample(SIGNING_KEYS, count, (algorithm,))


class StreamCollector:
    """The length of each stream and the lag of each consumer group."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client = client
        self._keys = dict(zip(STREAMS, (stream, MAIL_STREAM), strict=True))

    def collect(self) -> Iterator[Sample]:
        """Read the lengths and the lags; a missing stream has neither entries nor groups."""
        for stream, key in self._keys.items():
            yield Sample(STREAM_ENTRIES, int(self._client.xlen(key)), (stream,))
            for lag in islice(group_lags(self._client, key), MAX_GROUPS):
                labels = (stream, lag.group)
                yield Sample(STREAM_PENDING, lag.pending, labels)
                yield Sample(STREAM_OLDEST, lag.oldest_seconds, labels)
                if lag.unread is not None:
                    yield Sample(STREAM_LAG, lag.unread, labels)


def _age_seconds(since: datetime) -> float:
    return max((datetime.now(UTC) - since).total_seconds(), 0)

"""The dependencies of the relay: the database, Redis and the keys of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass

from port_events.redis_client import connect
from port_runtime.health import Check
from port_runtime.metrics import Instruments
from port_runtime.process_metrics import ProcessUsageCollector
from port_runtime.scrape_collector import ScrapeCollector
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry
from sqlalchemy import Engine

from identity.adapters.audit_anchor import RedisAnchor
from identity.adapters.clock import SystemClock
from identity.adapters.commit_listener import OUTBOX, CommitListener, commit_listener_for
from identity.adapters.database_collectors import AuditCollector, OutboxCollector
from identity.adapters.instrumented_stream import InstrumentedStream
from identity.adapters.key_derivation import chain_keys
from identity.adapters.leader_election import LeaderElection, leader_election_for
from identity.adapters.redis_collectors import RedisMemoryCollector, StreamCollector
from identity.adapters.relay_checkpoint import RedisCheckpoint
from identity.adapters.sql.audit_chain import SqlAnchor, SqlAuditChain
from identity.adapters.sql.audit_log import AutocommitAuditLog
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.outbox import SqlOutboxReader
from identity.bootstrap.readiness import readiness_checks
from identity.domain.audit import Caller, Entry
from identity.domain.audit_chain import ChainKeys
from identity.metrics import BUILD
from identity.settings.relay import RelaySettings
from identity.usecases.ports.audit import AnchorStore

REDIS_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayDependencies:
    """The dependencies of the relay and of its metrics and health port."""

    engine: Engine
    redis: Redis
    outbox: SqlOutboxReader
    stream: InstrumentedStream
    chain: SqlAuditChain
    chain_keys: ChainKeys | None
    anchors: Sequence[AnchorStore]
    election: LeaderElection
    listener: CommitListener
    collector: ScrapeCollector

    @property
    def checks(self) -> list[Check]:
        return readiness_checks(self.engine, self.stream)

    def close(self) -> None:
        self.listener.close()
        self.engine.dispose()
        self.redis.close()


def build_relay(settings: RelaySettings, instruments: Instruments) -> RelayDependencies:
    """Return the dependencies without connecting to a server. Raises SettingsError."""
    engine = open_engine(settings.database_url.reveal(), pool_size=5)
    # Retry once after a dropped connection, but not after a time-out: the leader must send PostgreSQL its next
    # statement before a standby considers it silent.
    retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    redis = connect(settings.redis_url.reveal(), socket_timeout=REDIS_TIMEOUT_SECONDS, retry=retry)
    outbox = SqlOutboxReader(engine)
    return RelayDependencies(
        engine=engine,
        redis=redis,
        outbox=outbox,
        stream=InstrumentedStream(redis, settings.event_stream, instruments),
        chain=SqlAuditChain(engine),
        chain_keys=chain_keys(settings.audit_keys),
        anchors=(SqlAnchor(engine), RedisAnchor(redis, settings.event_stream, outbox.epoch)),
        election=leader_election_for(engine),
        listener=commit_listener_for(engine, OUTBOX, poll_seconds=settings.relay_poll_ms / 1000),
        collector=ScrapeCollector(
            OutboxCollector(engine).collect,
            AuditCollector(engine).collect,
            StreamCollector(redis, settings.event_stream).collect,
            RedisMemoryCollector(redis).collect,
            ProcessUsageCollector(BUILD, "identity").collect,
        ),
    )


def rewind(settings: RelaySettings, *, after: int, caller: Caller) -> int | None:
    """Move the checkpoint back to a position, so that the leader republishes later events; record the move.

    Returns the previous position, or None if Redis has no checkpoint. A position that is not earlier changes nothing.
    """
    engine = open_engine(settings.database_url.reveal())
    redis = connect(settings.redis_url.reveal(), socket_timeout=REDIS_TIMEOUT_SECONDS)
    try:
        before = RedisCheckpoint(redis, settings.event_stream).rewind(SqlOutboxReader(engine).epoch(), after)
        if before is not None and after < before:
            detail = {"after": after, "before": before}
            entry = Entry.of("events.replayed", None, detail, caller=caller, at=SystemClock().now())
            AutocommitAuditLog(engine.execution_options(isolation_level="AUTOCOMMIT")).add(entry)
        return before
    finally:
        redis.close()
        engine.dispose()

"""The relay's process: outbox to stream, receipts back, and the audit log's seals. One is active (EVT-2, SEC-11)."""

import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

import structlog
from port_runtime import tracing
from port_runtime.health import Check, Heartbeat
from port_runtime.metrics import Instruments
from port_runtime.ops_server import OpsServer, open_listener
from port_runtime.scrape_collector import ScrapeCollector
from port_runtime.settings import ErrorCollector
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError

from identity.adapters.clock import SystemClock
from identity.adapters.collectors import AuditCollector, OutboxCollector, StreamCollector
from identity.adapters.instrumented_stream import InstrumentedStream
from identity.adapters.leader_election import LeaderElection, leader_election_for
from identity.adapters.outbox_listener import OutboxListener, outbox_listener_for
from identity.adapters.redis_stream import RedisStream
from identity.adapters.sql.audit_chain import SqlAuditChain
from identity.adapters.sql.engine import database_probe, open_engine
from identity.adapters.sql.outbox import SqlOutboxReader
from identity.adapters.tokens import seal_keys
from identity.metrics import LEADS, RELAY, RELAY_FAILURES
from identity.settings import RelaySettings
from identity.usecases.audit import chaining
from identity.usecases.ports import Clock
from identity.usecases.publishing import ConcurrentPublish, publish, record_receipts

_log = structlog.get_logger("identity.relay")
_STANDBY_SECONDS = 0.5
_BACKOFF_SECONDS = 1.0
_RECEIPT_WAIT_MS = 2_000
_REDIS_TIMEOUT_SECONDS = 5.0
_MAINTENANCE_INTERVAL = timedelta(minutes=1)
_SEAL_INTERVAL_SECONDS = 4.0
"""Within the 10 s of SEC-11, with time for a batch that failed to be tried again."""
_MAX_SILENCE_SECONDS = 60.0
"""Longer than a statement, a connection or an answer of Redis may take."""


class Relay:
    """Publishes while it leads; `step` is one round, for the tests to drive."""

    def __init__(
        self, settings: RelaySettings, *, clock: Clock | None = None, meters: Instruments | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._meters = meters or Instruments(RELAY)
        self._pulse = Heartbeat(_MAX_SILENCE_SECONDS)
        engine = self._engine = open_engine(settings.database_url.reveal(), pool_size=5)
        self._clients: list[Redis] = []
        self.outbox = SqlOutboxReader(engine)
        self._chain, self._seal_keys = SqlAuditChain(engine), seal_keys(settings.audit_keys)
        self.election: LeaderElection = leader_election_for(engine)
        self._listener: OutboxListener = outbox_listener_for(
            engine, poll_seconds=settings.relay_poll_ms / 1000
        )
        self._stream = self._connect(settings)
        self._receipts = self._connect(settings)
        self._kept = timedelta(seconds=settings.stream_kept)
        self._stopping = threading.Event()
        self._maintained_at = self._clock.now()

    def _connect(self, settings: RelaySettings) -> InstrumentedStream:
        stream = RedisStream(self._client(settings), settings.event_stream)
        return InstrumentedStream(stream, self._meters, settings.event_stream)

    def _client(self, settings: RelaySettings) -> Redis:
        # Once more for a connection that was cut. Not for a Redis that hangs: the loop looks anew then, and says to
        # PostgreSQL meanwhile that this leader is not frozen.
        once_more = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        client = Redis.from_url(
            settings.redis_url.reveal(), socket_timeout=_REDIS_TIMEOUT_SECONDS, retry=once_more
        )
        self._clients.append(client)
        return client

    def endpoint(self, settings: RelaySettings) -> OpsServer:
        """Return what tells operators of this relay, whether it leads or stands by (OPS-4)."""
        client = self._client(settings)
        observer = ScrapeCollector(
            OutboxCollector(self._engine).collect,
            AuditCollector(self._engine).collect,
            StreamCollector(client, settings.event_stream).collect,
        )
        checks = [Check("database", database_probe(self._engine)), Check("redis", lambda: _ping(client))]
        return OpsServer(self._meters.registry(observer), checks=checks, alive=self._pulse.is_alive)

    def stop(self) -> None:
        """End the loops after what they are doing."""
        self._stopping.set()
        self._listener.interrupt()

    def run(self) -> None:
        """Publish until stopped; receipts and seals have threads of their own, so that none waits for the other."""
        beside = [
            threading.Thread(target=self._forever, args=(task, step), name=name, daemon=True)
            for name, task, step in (("receipts", "note", self._receive), ("audit", "seal", self._seal))
        ]
        for thread in beside:
            thread.start()
        self._forever("lead", self._lead)
        for thread in beside:
            thread.join(timeout=_RECEIPT_WAIT_MS / 1000 + _BACKOFF_SECONDS)
        self.election.release()
        self.close()

    def _forever(self, task: str, step: Callable[[], None]) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                step()
                failing = False
            except Exception as error:  # noqa: BLE001  # whatever it is, the next round may go well
                if not failing:
                    expected = isinstance(error, RedisError | SQLAlchemyError | OSError)
                    _log.warning(
                        "waiting for a server" if expected else "unforeseen error",
                        kind=type(error).__name__,
                        task=task,
                        exc_info=None if expected else error,
                    )
                failing = True
                self._meters.counter(RELAY_FAILURES).labels(task).inc()
                self._meters.gauge(LEADS).set(self.election.is_leader)
                self._stopping.wait(_BACKOFF_SECONDS)

    def _lead(self) -> None:
        self._pulse.beat()
        leads = self.election.acquire()
        self._meters.gauge(LEADS).set(leads)
        if not leads:
            self._stopping.wait(_STANDBY_SECONDS)
            return
        try:
            published = self.step()
        except ConcurrentPublish:
            return  # to see at once whether we still lead, and what is left
        if not published:
            self._listener.wait()

    def step(self) -> int:
        """Publish one batch; return how many events. Raises ConcurrentPublish."""
        if self.election.was_elected():
            self.outbox.forget_position()
        try:
            published = publish(self.outbox, self._stream, self._clock.now(), kept=self._kept)
        except Exception:
            self.outbox.forget_position()  # what was given or published meanwhile, only the table knows
            raise
        if self._clock.now() >= self._maintained_at + _MAINTENANCE_INTERVAL:
            self._maintained_at = self._clock.now()
            self.outbox.expire_mails(self._maintained_at)
            self.trim()
        return published

    def trim(self) -> int:
        """Drop what the stream has kept long enough; return how many entries."""
        return self._stream.trim(self._kept)

    def _receive(self) -> None:
        if not self.election.is_leader:
            self._stopping.wait(_STANDBY_SECONDS)
            return
        record_receipts(self.outbox, self._receipts, block_ms=_RECEIPT_WAIT_MS)

    def receive(self, *, block_ms: int = 0) -> int:
        """Note the receipts that are there, or come within the wait; return how many."""
        return record_receipts(self.outbox, self._receipts, block_ms=block_ms)

    def _seal(self) -> None:
        if not self.election.is_leader or not self.seal():
            self._stopping.wait(_SEAL_INTERVAL_SECONDS)

    def seal(self) -> bool:
        """Seal a batch of the audit log; tell whether more is likely to wait. Without keys nothing is sealed."""
        if self._seal_keys is None:
            return False
        segment = chaining.seal(self._chain, self._seal_keys, self._clock.now())
        return segment is not None and segment.last - segment.first + 1 == chaining.BATCH

    def close(self) -> None:
        """Give every connection back."""
        self._listener.close()
        self._engine.dispose()
        for client in self._clients:
            client.close()


def replay(settings: RelaySettings, *, after: int) -> int | None:
    """Have whoever relays publish again what follows a position; return how far the stream had got, None if unknown.

    Raises redis.RedisError.
    """
    engine = open_engine(settings.database_url.reveal())
    client = Redis.from_url(settings.redis_url.reveal(), socket_timeout=_REDIS_TIMEOUT_SECONDS)
    try:
        return RedisStream(client, settings.event_stream).rewind(SqlOutboxReader(engine).epoch(), after)
    finally:
        client.close()
        engine.dispose()


def _ping(client: Redis) -> None:
    client.ping()


def serve(settings: RelaySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError."""
    with ErrorCollector() as collector:
        with collector.step():
            tracing.configure("identity-relay")
        with collector.step():
            address = settings.metrics_bind
            listener = open_listener(address, "IDENTITY_RELAY_METRICS_BIND") if address else None
        with collector.step():
            relay = Relay(settings)
    endpoint = relay.endpoint(settings)
    if listener is not None:
        endpoint.start(listener)

    def stop(_number: int, _frame: FrameType | None) -> None:
        relay.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    began = time.monotonic()
    _log.info("relay started", stream=settings.event_stream)
    if not settings.audit_keys:
        _log.warning("the audit log is not sealed: IDENTITY_AUDIT_KEYS is not set")
    relay.run()
    endpoint.stop()
    tracing.close()
    _log.info("relay stopped", seconds=round(time.monotonic() - began))

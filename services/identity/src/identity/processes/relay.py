"""The relay process publishes the outbox, records receipts and chains the audit log, if it leads (EVT-2, SEC-11)."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from port_events.redis_client import leads_to_cluster
from port_runtime import tracing
from port_runtime.liveness import Liveness
from port_runtime.metrics import Instruments
from port_runtime.metrics_health_server import MetricsHealthServer, open_listener
from port_runtime.settings import ErrorCollector, SettingsError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from identity.adapters.clock import SystemClock
from identity.bootstrap.relay import build_relay
from identity.metrics.relay import AUDIT_TRUNCATED, LEADS, MAILS_LOST, RELAY, RELAY_FAILURES
from identity.processes.background import Attempts, stop_on_signal
from identity.settings.relay import RelaySettings
from identity.usecases.audit import anchoring, chaining
from identity.usecases.mail_receipts import record_lost_mails, record_receipts
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.stream import ConcurrentPublish
from identity.usecases.publishing import publish

_log = structlog.get_logger("identity.relay")
_STANDBY_SECONDS = 0.5
_BACKOFF_SECONDS = 1.0
_LISTEN_SECONDS = 2.0
"""The maximum delay of an event whose NOTIFY was missed."""
_RECEIPT_WAIT_MS = 1_000
"""The maximum time that waiting for receipts delays a stop."""
_MAINTENANCE_INTERVAL = timedelta(minutes=1)
_CHAIN_INTERVAL_SECONDS = 4.0
"""Rows are not protected until they are chained (SEC-11)."""
_MAX_SILENCE_SECONDS = 60.0
"""Longer than the time-out of any statement, connection or Redis command."""


class Relay:
    """Publishes events, records receipts and chains the audit log while it is the leader."""

    def __init__(
        self, settings: RelaySettings, *, clock: Clock | None = None, instruments: Instruments | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._instruments = instruments or Instruments(RELAY)
        self._dependencies = build_relay(settings, self._instruments)
        self.outbox = self._dependencies.outbox
        self.election = self._dependencies.election
        self._stream = self._dependencies.stream
        self._retention = timedelta(seconds=settings.stream_kept)
        self._liveness = Liveness(_MAX_SILENCE_SECONDS)
        self._stopping = threading.Event()
        self._maintained_at = self._clock.now()
        self._truncated = False
        self._attempts = Attempts(_log, self._count_failure, expected=(RedisError, SQLAlchemyError, OSError))

    def metrics_health_server(self) -> MetricsHealthServer:
        """Return the metrics and health server, which answers in the leader and in standby relays (OPS-4)."""
        registry = self._instruments.registry(self._dependencies.collector)
        return MetricsHealthServer(registry, checks=self._dependencies.checks, alive=self._liveness.is_alive)

    def stop(self) -> None:
        """Make `run` return after the current steps."""
        self._stopping.set()
        self._dependencies.listener.interrupt()

    def run(self) -> None:
        """Work until stopped, then close the connections. Receipts and the audit chain have threads of their own."""
        threads = [
            threading.Thread(target=self._repeat, args=(task, step), name=name, daemon=True)
            for name, task, step in (
                ("receipts", "note", self._receive),
                ("audit", "seal", self._extend_chain),
            )
        ]
        for thread in threads:
            thread.start()
        self._repeat("lead", self._lead)
        for thread in threads:
            thread.join(timeout=_RECEIPT_WAIT_MS / 1000 + _BACKOFF_SECONDS)
        self.election.release()
        self.close()

    def _repeat(self, task: str, step: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            if not self._attempts.succeeds(task, step):
                self._instruments.gauge(LEADS).set(self.election.is_leader)
                self._stopping.wait(_BACKOFF_SECONDS)

    def _count_failure(self, task: str) -> None:
        self._instruments.counter(RELAY_FAILURES).labels(task).inc()

    def _lead(self) -> None:
        self._liveness.beat()
        try:
            leads = self.election.acquire()
        except SQLAlchemyError:
            self._dependencies.listener.close()  # it may be connected to the same failing server
            raise
        self._instruments.gauge(LEADS).set(leads)
        if not leads:
            self._stopping.wait(_STANDBY_SECONDS)
            return
        try:
            published = self.step()
        except ConcurrentPublish:
            return  # the next round finds out whether this relay still leads
        if not published:
            self._dependencies.listener.wait(_LISTEN_SECONDS)

    def step(self) -> int:
        """Publish one batch and return the number of events. Raises ConcurrentPublish.

        Once a minute, also expire mails, trim the streams, and record lost mails.
        """
        if self.election.was_elected():
            self.outbox.forget_position()
        is_due = self._clock.now() >= self._maintained_at + _MAINTENANCE_INTERVAL
        if is_due:
            self._stream.forget_copies()  # before the search for lost mails
        try:
            published = publish(self.outbox, self._stream, self._clock.now(), retention=self._retention)
        except Exception:
            self.outbox.forget_position()  # only the table now shows which events have a position
            raise
        if is_due:
            self._maintained_at = self._clock.now()
            self.outbox.expire_mails(self._maintained_at)
            self.trim()
            self.find_lost_mails()
        return published

    def trim(self) -> int:
        """Delete stream entries past their retention, except unhandled mails; return their number."""
        return self._stream.trim(self._retention)

    def find_lost_mails(self) -> None:
        """Record the mails that the stream has lost, until none remains."""
        while lost := record_lost_mails(self.outbox, self._stream, self._clock.now()):
            self._instruments.counter(MAILS_LOST).inc(lost)

    def _receive(self) -> None:
        if self.election.is_leader:
            self.receive(block_ms=_RECEIPT_WAIT_MS)
        else:
            self._stopping.wait(_STANDBY_SECONDS)

    def receive(self, *, block_ms: int = 0) -> int:
        """Record the next receipts, after waiting up to `block_ms` for one, and return their number."""
        return record_receipts(self.outbox, self._stream, block_ms=block_ms)

    def _extend_chain(self) -> None:
        leads = self.election.is_leader
        if not leads:
            self._instruments.gauge(AUDIT_TRUNCATED).set(0)  # only the leader reports it
        if not leads or not self.extend_chain():
            self._stopping.wait(_CHAIN_INTERVAL_SECONDS)

    def extend_chain(self) -> bool:
        """Chain one batch of the audit log and record its end; return whether the batch was full.

        Without keys, do nothing.
        """
        if self._dependencies.chain_keys is None:
            return False
        segment = chaining.extend(self._dependencies.chain, self._dependencies.chain_keys, self._clock.now())
        self._record_anchor()
        return segment is not None and segment.last - segment.first + 1 == chaining.BATCH

    def _record_anchor(self) -> None:
        """Record the end of the chain in the database and in Redis, or report that a recorded end is missing."""
        missing = anchoring.record_anchor(self._dependencies.chain, self._dependencies.anchors)
        if missing and not self._truncated:
            last = max(missing, key=lambda anchor: anchor.segment)
            _log.error("audit log truncated", segment=last.segment, rows=last.rows, head=last.head)
        self._truncated = bool(missing)
        self._instruments.gauge(AUDIT_TRUNCATED).set(self._truncated)

    def close(self) -> None:
        self._dependencies.close()


def serve(settings: RelaySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError."""
    with ErrorCollector() as collector:
        with collector.step():
            tracing.configure("identity-relay", distribution="identity")
        with collector.step():
            address = settings.metrics_bind
            listener = open_listener(address, "IDENTITY_RELAY_METRICS_BIND") if address else None
        with collector.step():
            relay = Relay(settings)
        with collector.step():
            if leads_to_cluster(settings.redis_url.reveal()):
                raise SettingsError(["REDIS_URL: leads to a Redis Cluster, which is not supported"])
    metrics_health_server = relay.metrics_health_server()
    if listener is not None:
        metrics_health_server.start(listener)

    stop_on_signal(relay)
    started_at = time.monotonic()
    _log.info("relay started", stream=settings.event_stream)
    if not settings.audit_keys:
        _log.warning("the audit log is not chained: IDENTITY_AUDIT_KEYS is not set")
    relay.run()
    metrics_health_server.stop()
    tracing.close()
    _log.info("relay stopped", seconds=round(time.monotonic() - started_at))

"""The relay process publishes the outbox, records receipts and chains the audit log, if it leads (EVT-2, SEC-11)."""

import threading
from datetime import timedelta

from port_events.redis_client import leads_to_cluster
from port_runtime.metrics import Instruments
from port_runtime.settings import ErrorCollector, SettingsError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from identity.adapters.clock import SystemClock
from identity.bootstrap.relay import RelayDependencies, build_relay
from identity.metrics.relay import AUDIT_TRUNCATED, LEADS, MAILS_LOST, RELAY, RELAY_FAILURES
from identity.processes import background
from identity.settings.relay import RelaySettings
from identity.usecases.audit import anchoring, chaining
from identity.usecases.mail_receipts import record_lost_mails, record_receipts
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.stream import ConcurrentPublish
from identity.usecases.publishing import publish

_STANDBY_SECONDS = 0.5
_LISTEN_SECONDS = 2.0
"""The maximum delay of an event whose NOTIFY was missed."""
_RECEIPT_WAIT_MS = 1_000
"""The maximum time that waiting for receipts delays a stop."""
_MAINTENANCE_INTERVAL = timedelta(minutes=1)
_CHAIN_INTERVAL_SECONDS = 4.0
"""Rows are not protected until they are chained (SEC-11)."""


class Relay(background.BackgroundProcess):
    """Publishes events, records receipts and chains the audit log while it is the leader."""

    name = "relay"
    failures = RELAY_FAILURES
    unavailable = (RedisError, SQLAlchemyError, OSError)
    _dependencies: RelayDependencies

    def __init__(
        self, settings: RelaySettings, *, clock: Clock | None = None, instruments: Instruments | None = None
    ) -> None:
        instruments = instruments or Instruments(RELAY)
        super().__init__(build_relay(settings, instruments), instruments)
        self._clock = clock or SystemClock()
        self.outbox = self._dependencies.outbox
        self.election = self._dependencies.election
        self._stream = self._dependencies.stream
        self._retention = timedelta(seconds=settings.stream_kept)
        self._maintained_at = self._clock.now()
        self._truncated = False

    @override
    def run(self) -> None:
        """Work until stopped, then close the connections. Receipts and the audit chain have threads of their own."""
        if self._dependencies.chain_keys is None:
            self._log.warning("the audit log is not chained: IDENTITY_AUDIT_KEYS is not set")
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
            thread.join(timeout=_RECEIPT_WAIT_MS / 1000 + background.BACKOFF_SECONDS)
        self.election.release()
        self.close()

    def _lead(self) -> None:
        self._liveness.beat()
        try:
            leads = self.election.acquire()
        except SQLAlchemyError:
            self._dependencies.listener.close()  # it may be connected to the same failing server
            raise
        finally:
            self._instruments.gauge(LEADS).set(self.election.is_leader)
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
        """Append one batch to the audit log's chain and record the chain's end; return whether the batch was full.

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
            self._log.error("audit log truncated", segment=last.segment, rows=last.rows, head=last.head)
        self._truncated = bool(missing)
        self._instruments.gauge(AUDIT_TRUNCATED).set(self._truncated)

    def close(self) -> None:
        self._dependencies.close()


def serve(settings: RelaySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError."""

    def build() -> Relay:
        with ErrorCollector() as collector:
            with collector.step():
                relay = Relay(settings)
            with collector.step():
                if leads_to_cluster(settings.redis_url.reveal()):
                    raise SettingsError(["REDIS_URL: leads to a Redis Cluster, which is not supported"])
        return relay

    background.serve("relay", build, metrics_bind=settings.metrics_bind, stream=settings.event_stream)

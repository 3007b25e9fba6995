"""The intake thread: it reads entries, takes over those of dead mailers, and enqueues the mails it claims (MAIL-7)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from port_runtime.liveness import Liveness
from port_runtime.logs import get_logger

from mailer.adapters.redis.connection import TRANSIENT_ERRORS
from mailer.domain.mail_kinds import has_no_mail
from mailer.usecases.delivery_ports import ClaimDeferred, ClaimGranted

if TYPE_CHECKING:
    from dramatiq import Actor
    from port_events.envelope import Entry

    from mailer.adapters.redis.delivery_ledger import RedisLedger
    from mailer.adapters.redis.dramatiq_broker import NotifyingRedisBroker
    from mailer.adapters.redis.queue_pause import RedisQueuePause
    from mailer.adapters.redis.stream import MailStream
    from mailer.adapters.smtp.transport import SmtpTransport
    from mailer.in_flight import InFlight
    from mailer.usecases.delivery_ports import Clock

BLOCK_MS: Final = 500  # limits each wait for entries or room, so that sweeps run on time
BATCH: Final = 100
RETRY_SECONDS: Final = 1.0
GRACE: Final = timedelta(seconds=1)  # so that dramatiq's own delayed message is delivered first
SOON: Final = timedelta(seconds=30)  # longer than the circuit breaker's longest backoff
SWEEPS_PER_LEASE: Final = 5
CLEANUP_SECONDS: Final = 600
PAUSE_POLL_SECONDS: Final = 1.0
MAX_SILENCE_SECONDS: Final = 120.0  # longer than one iteration may wait for Redis
log = get_logger("mailer.intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeParts:
    stream: MailStream
    in_flight: InFlight
    ledger: RedisLedger
    transport: SmtpTransport
    pause: RedisQueuePause
    broker: NotifyingRedisBroker
    deliver: Actor[[str], None]
    clock: Clock


class Intake(threading.Thread):
    """Reads entries while the queue has room, and calls `sweep` SWEEPS_PER_LEASE times within each lease."""

    def __init__(self, parts: IntakeParts, *, lease_seconds: float) -> None:
        super().__init__(name="intake", daemon=True)
        self._parts, self._lease_seconds = parts, lease_seconds
        self._sweep_at = self._poll_at = 0.0
        self._cleanup_at = time.monotonic() + CLEANUP_SECONDS
        self.liveness = Liveness(MAX_SILENCE_SECONDS)
        self._closing = threading.Event()
        self._stopped = threading.Event()

    def close(self) -> None:
        """Take no more entries, but continue the sweeps, which renew the claims of the entries in flight."""
        self._closing.set()

    def stop(self) -> None:
        self._closing.set()
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Run until `stop` is called. After any exception, log it, wait for RETRY_SECONDS and continue."""
        opened = False
        while not self._stopped.is_set():
            self.liveness.beat()
            try:
                if not opened:
                    self._parts.stream.open()
                    opened = True
                self._run_once()
            except TRANSIENT_ERRORS as error:
                log.warning("redis_away", reason=type(error).__name__)
                self._stopped.wait(RETRY_SECONDS)
            except Exception:  # the thread must survive any exception
                log.exception("intake_failed")
                self._stopped.wait(RETRY_SECONDS)

    def sweep(self) -> None:
        parts = self._parts
        parts.stream.touch(parts.in_flight.entry_ids())
        parts.ledger.renew()
        parts.transport.close_idle()
        self._take_over(until=time.monotonic() + self._lease_seconds / SWEEPS_PER_LEASE)
        queued_before = time.monotonic() - self._lease_seconds
        self._enqueue(parts.in_flight.overdue(parts.clock.now() - GRACE, queued_before=queued_before))

    def _take_over(self, *, until: float) -> None:
        """Take over entries that no mailer has touched for the length of a lease, while the queue has room.

        Stop at `until` (time.monotonic()) in any case, because the next sweep is due.
        """
        while room := 0 if self._should_leave_backlog() else self._parts.in_flight.wait_for_room(0):
            entries = self._parts.stream.take_over(int(self._lease_seconds * 1000), min(room, BATCH))
            self._admit(entries)
            if not entries or time.monotonic() >= until:
                return

    def _run_once(self) -> None:
        self._parts.ledger.settle()
        self._poll_pause()
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + self._lease_seconds / SWEEPS_PER_LEASE
            self.sweep()
            self._clean_up()
        if self._should_leave_backlog():
            self._stopped.wait(BLOCK_MS / 1000)
        elif room := self._parts.in_flight.wait_for_room(BLOCK_MS / 1000):
            self._admit(self._parts.stream.read(min(room, BATCH), BLOCK_MS))

    def _poll_pause(self) -> None:
        """Poll the pause; after a resume, enqueue every waiting entry, whatever it waits for.

        Entries are also read during a pause, so that expired mails are recorded on time.
        """
        if time.monotonic() >= self._poll_at:
            if self._parts.pause.poll():
                self._enqueue(self._parts.in_flight.release_all())
            self._poll_at = time.monotonic() + PAUSE_POLL_SECONDS

    def _should_leave_backlog(self) -> bool:
        """Return True while closing, and while the mail server is unavailable and an entry that waits is due soon.

        The delivery of that entry probes the mail server. If none is due soon, new entries are read to probe it.
        """
        soon = self._parts.clock.now() + SOON
        return self._closing.is_set() or (
            self._parts.transport.is_unavailable() and self._parts.in_flight.is_waiting(soon)
        )

    def _admit(self, entries: list[Entry]) -> None:
        not_mailed = [each.id for each in entries if has_no_mail(each.event.type)]
        self._parts.stream.ack(not_mailed)
        skipped = set(not_mailed)
        self._claim(
            [each for each in entries if each.id not in skipped and not self._parts.in_flight.has(each.id)]
        )

    def _claim(self, entries: list[Entry]) -> None:
        """Enqueue the entries whose claims are granted, and let deferred entries wait."""
        parts, queued = self._parts, []
        claims = parts.ledger.claim_all(entries)
        for entry, claim in zip(entries, claims, strict=True):
            if isinstance(claim, ClaimDeferred):
                parts.in_flight.defer(entry.id, parts.clock.now() + timedelta(seconds=claim.seconds))
            elif isinstance(claim, ClaimGranted):
                parts.in_flight.add(entry, claim)
                queued.append(entry.id)
        self._enqueue(queued)

    def _enqueue(self, entry_ids: list[str]) -> None:
        self._parts.broker.enqueue_all(map(self._parts.deliver.message, entry_ids))

    def _clean_up(self) -> None:
        if time.monotonic() >= self._cleanup_at:
            self._cleanup_at = time.monotonic() + CLEANUP_SECONDS
            for name in self._parts.stream.heartbeats.remove_gone_members():
                self._parts.broker.remove_queue(name)

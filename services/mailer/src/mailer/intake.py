"""From the stream to the queue: reads, keeps, and takes over what a dead mailer left (MAIL-7)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from port_runtime.health import Heartbeat
from port_runtime.logs import get_logger

from mailer.domain.catalogue import is_silent
from mailer.usecases.ports import NotNow, Over

if TYPE_CHECKING:
    from port_events.envelope import Entry

    from mailer.usecases.desk import Desk
    from mailer.usecases.ports import Clock
    from mailer.usecases.supply import Door, Hold, Leases, Queue, Stream

BLOCK_MS: Final = 500  # also the longest time until a stop is noticed
BATCH: Final = 100
AWAY_SECONDS: Final = 1.0
GRACE: Final = timedelta(seconds=1)  # dramatiq's own delayed message should come first
SOON: Final = timedelta(seconds=30)  # longer than any pause of the door
SWEEPS_A_LEASE: Final = 5
TIDY_SECONDS: Final = 600
LOOK_SECONDS: Final = 1.0  # how late a mailer may heed an operator's pause
LONGEST_SILENCE_SECONDS: Final = 120.0  # longer than Redis may keep one turn waiting
log = get_logger("mailer.intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeParts:
    """What the intake stands between; `away` are the errors that pass when Redis is back."""

    stream: Stream
    desk: Desk
    leases: Leases
    door: Door
    hold: Hold
    queue: Queue
    clock: Clock
    away: tuple[type[Exception], ...]


class Intake(threading.Thread):
    """Reads as much as there is room for, and sweeps several times a lease."""

    def __init__(self, parts: IntakeParts, *, lease_seconds: float) -> None:
        super().__init__(name="intake", daemon=True)
        self._parts, self._lease_seconds = parts, lease_seconds
        self._sweep_at = self._look_at = 0.0
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        self.pulse = Heartbeat(LONGEST_SILENCE_SECONDS)
        self._closing = threading.Event()
        self._stopped = threading.Event()

    def close(self) -> None:
        """Read nothing more, but go on keeping what is in hand."""
        self._closing.set()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._closing.set()
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Turn until stopped; a Redis that is away is waited for."""
        opened = False
        while not self._stopped.is_set():
            self.pulse.beat()
            try:
                if not opened:
                    self._parts.stream.open()
                    opened = True
                self._turn()
            except self._parts.away as error:
                log.warning("redis_away", reason=type(error).__name__)
                self._stopped.wait(AWAY_SECONDS)
            except Exception:  # the thread must outlive whatever one turn meets
                log.exception("intake_failed")
                self._stopped.wait(AWAY_SECONDS)

    def sweep(self) -> None:
        """Keep what is ours, take over what nobody keeps, and queue again what was due or lost on the way."""
        parts = self._parts
        parts.stream.keep(parts.desk.in_hand())
        parts.leases.renew()
        parts.door.close_idle()
        self._take_over(until=time.monotonic() + self._lease_seconds / SWEEPS_A_LEASE)
        queued_before = time.monotonic() - self._lease_seconds
        parts.queue.put(parts.desk.stale(parts.clock.now() - GRACE, queued_before=queued_before))

    def _take_over(self, *, until: float) -> None:
        """Take over as much as there is room for, until that moment (monotonic): then what is ours is to be kept."""
        while room := 0 if self._is_holding_back() else self._parts.desk.wait_for_room(0):
            left = self._parts.stream.take_over(int(self._lease_seconds * 1000), min(room, BATCH))
            self._admit(left)
            if not left or time.monotonic() >= until:
                return

    def _turn(self) -> None:
        self._heed_hold()
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + self._lease_seconds / SWEEPS_A_LEASE
            self.sweep()
            self._tidy()
        if self._is_holding_back():
            self._stopped.wait(BLOCK_MS / 1000)
        elif room := self._parts.desk.wait_for_room(BLOCK_MS / 1000):
            self._admit(self._parts.stream.read(min(room, BATCH), BLOCK_MS))

    def _heed_hold(self) -> None:
        """Look before anything is taken in: paused mails are taken too, so that their expiry is noted in time."""
        if time.monotonic() >= self._look_at:
            if self._parts.hold.look():
                self._parts.queue.put(self._parts.desk.wake())
            self._look_at = time.monotonic() + LOOK_SECONDS

    def _is_holding_back(self) -> bool:
        """Leave the backlog in the stream while the mail server is away, and what is in hand tries its door soon."""
        soon = self._parts.clock.now() + SOON
        return self._closing.is_set() or (self._parts.door.is_away() and self._parts.desk.is_waiting(soon))

    def _admit(self, entries: list[Entry]) -> None:
        # Without a sealed part there is nothing to send: it was published again after its receipt.
        silent = [each.id for each in entries if is_silent(each.event.type) or each.sealed is None]
        self._parts.stream.acknowledge(silent)
        done = set(silent)
        self._claim([each for each in entries if each.id not in done and not self._parts.desk.has(each.id)])

    def _claim(self, entries: list[Entry]) -> None:
        """Claim all of them in one round trip: what is final needs no queue, and what is another's waits."""
        parts, queued, over = self._parts, [], []
        claims = parts.leases.claim_all(entries)
        for entry, claim in zip(entries, claims, strict=True):
            if isinstance(claim, Over):
                over.append(entry.id)
            elif isinstance(claim, NotNow):
                parts.desk.put_off(entry.id, parts.clock.now() + timedelta(seconds=claim.seconds))
            else:
                parts.desk.take(entry, claim)
                queued.append(entry.id)
        parts.stream.acknowledge(over)
        parts.queue.put(queued)

    def _tidy(self) -> None:
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_SECONDS
            for name in self._parts.stream.tidy():
                self._parts.queue.remove(name)

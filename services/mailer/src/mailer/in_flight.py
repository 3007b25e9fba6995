"""What this process has in hand: bounded, so that a backlog stays in the stream (MAIL-7)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from port_events.envelope import Entry

    from mailer.usecases.ports import ClaimGranted

MAX_WAITING: Final = 20_000
IMMEDIATELY: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An entry that may be begun; it has to be read again, or claimed, where these are None."""

    entry_id: str
    entry: Entry | None = None
    grant: ClaimGranted | None = None


@dataclass(slots=True)
class _Queued:
    """A queued entry with its claim, None when it is to be read again; when it was queued (monotonic)."""

    work: WorkItem
    since: float


class InFlight:
    """Entries queued, under way and waiting, by the stream's entry id; safe between threads.

    It keeps one process from starting an entry twice, whatever its queue repeats. Between processes the
    ledger decides.
    """

    def __init__(self, *, max_queued: int, max_waiting: int = MAX_WAITING) -> None:
        self._max_queued, self._max_waiting = max_queued, max_waiting
        self._queued: dict[str, _Queued] = {}
        self._running: dict[str, bool] = {}  # whether all that waits was woken meanwhile
        self._waiting: dict[str, datetime] = {}
        self._changed = threading.Condition()

    def has(self, entry_id: str) -> bool:
        """Tell whether the entry is in hand already."""
        with self._changed:
            return entry_id in self._queued or entry_id in self._running or entry_id in self._waiting

    def add(self, entry: Entry, grant: ClaimGranted) -> None:
        """Put a read and claimed entry among the queued."""
        with self._changed:
            self._queued[entry.id] = _Queued(WorkItem(entry.id, entry, grant), time.monotonic())

    def start(self, entry_id: str) -> WorkItem | None:
        """Start on an entry; None when it is under way, finished, or another process's."""
        with self._changed:
            if self._waiting.pop(entry_id, None) is not None:
                self._running[entry_id] = False
                return WorkItem(entry_id)
            queued = self._queued.pop(entry_id, None)
            if queued is None:
                return None
            self._running[entry_id] = False
            return queued.work

    def defer(self, entry_id: str, due: datetime) -> None:
        """Keep the id alone of an entry that is to be tried, or tried again, later: at once if it missed a `wake`."""
        with self._changed:
            self._waiting[entry_id] = IMMEDIATELY if self._running.pop(entry_id, False) else due
            self._changed.notify_all()

    def complete(self, entry_id: str) -> None:
        """Forget an entry that needs nothing more."""
        with self._changed:
            self._running.pop(entry_id, None)
            if self._room():
                self._changed.notify_all()

    def wait_for_room(self, seconds: float) -> int:
        """Return how many entries may be taken, as soon as there is room, or 0 after `seconds`."""
        with self._changed:
            self._changed.wait_for(self._room, timeout=seconds)
            return self._room()

    def overdue(self, now: datetime, *, queued_before: float) -> list[str]:
        """Return what must be queued again, and count it as queued now.

        That is what was due before the instant and has not come back, and what was queued before that moment
        of the monotonic clock and has not begun: the queue may have lost it.
        """
        with self._changed:
            for entry_id in [each for each, due in self._waiting.items() if due <= now]:
                del self._waiting[entry_id]
                self._queued[entry_id] = _Queued(WorkItem(entry_id), 0)
            lost = {entry_id: each for entry_id, each in self._queued.items() if each.since < queued_before}
            for each in lost.values():
                each.since = time.monotonic()
            return list(lost)

    def release_all(self) -> list[str]:
        """Count all that waits as queued now, and return it: the reason to wait may be gone."""
        with self._changed:
            woken = list(self._waiting)
            self._running = dict.fromkeys(self._running, True)
            self._waiting.clear()
            self._queued.update({each: _Queued(WorkItem(each), time.monotonic()) for each in woken})
            return woken

    def entry_ids(self) -> list[str]:
        """Return every entry's id."""
        with self._changed:
            return [*self._queued, *self._running, *self._waiting]

    def counts(self) -> dict[str, int]:
        """Return how many entries are in each place."""
        with self._changed:
            return {
                "queued": len(self._queued),
                "running": len(self._running),
                "waiting": len(self._waiting),
            }

    def drain(self) -> list[WorkItem]:
        """Forget and return what is not under way."""
        with self._changed:
            left = [each.work for each in self._queued.values()] + [WorkItem(each) for each in self._waiting]
            self._queued.clear()
            self._waiting.clear()
            return left

    def is_waiting(self, until: datetime) -> bool:
        """Tell whether any entry waits for another try that is due by then."""
        with self._changed:
            return any(due <= until for due in self._waiting.values())

    def _room(self) -> int:
        # None before half of the desk is free: many small reads would cost more than the mails.
        under_way = len(self._queued) + len(self._running)
        if under_way > self._max_queued // 2 or len(self._waiting) >= self._max_waiting:
            return 0
        return self._max_queued - under_way

"""The entries in flight in one mailer; their number is limited, so that a backlog stays in the stream (MAIL-7)."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from port_events.envelope import Entry

    from mailer.usecases.delivery_ports import ClaimGranted

MAX_WAITING: Final = 20_000
IMMEDIATELY: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class WorkItem:
    """An entry to deliver. If `entry` is None, it must be read again; if `grant` is None, its mail must be claimed.

    `queued_at` is the time.monotonic() at which it was last enqueued.
    """

    entry_id: str
    entry: Entry | None = None
    grant: ClaimGranted | None = None
    queued_at: float = field(default_factory=time.monotonic)


class InFlight:
    """Entries that are queued, running or waiting, by entry id. Thread-safe.

    Prevents a process from delivering an entry twice when its queue repeats a message; the ledger prevents this between
    processes.
    """

    def __init__(self, *, max_queued: int) -> None:
        self._max_queued = max_queued
        self._queued: dict[str, WorkItem] = {}
        self._running: dict[str, bool] = {}  # True if release_all was called since the entry was started
        self._waiting: dict[str, datetime] = {}
        self._changed = threading.Condition()

    def has(self, entry_id: str) -> bool:
        with self._changed:
            return entry_id in self._queued or entry_id in self._running or entry_id in self._waiting

    def add(self, entry: Entry, grant: ClaimGranted) -> None:
        """Add a claimed entry as queued."""
        with self._changed:
            self._queued[entry.id] = WorkItem(entry.id, entry, grant)

    def start(self, entry_id: str) -> WorkItem | None:
        """Mark a queued or waiting entry as running, and return it; return None for any other entry."""
        with self._changed:
            item = self._queued.pop(entry_id, None)
            if self._waiting.pop(entry_id, None) is not None:
                item = WorkItem(entry_id)
            if item is not None:
                self._running[entry_id] = False
            return item

    def defer(self, entry_id: str, due: datetime) -> None:
        """Mark an entry as waiting until `due`, or due immediately if `release_all` was called while it was running."""
        with self._changed:
            self._waiting[entry_id] = IMMEDIATELY if self._running.pop(entry_id, False) else due
            self._changed.notify_all()

    def complete(self, entry_id: str) -> None:
        with self._changed:
            self._running.pop(entry_id, None)
            if self._room():
                self._changed.notify_all()

    def wait_for_room(self, seconds: float) -> int:
        """Return how many entries may be added, after waiting up to `seconds` while the number is 0."""
        with self._changed:
            self._changed.wait_for(self._room, timeout=seconds)
            return self._room()

    def overdue(self, now: datetime, *, queued_before: float) -> list[str]:
        """Return the ids of entries to enqueue again, and mark them as enqueued now.

        These are waiting entries that are due by `now`, and entries that were enqueued before `queued_before`
        (time.monotonic()) and have not started: the queue may have lost their messages.
        """
        with self._changed:
            for entry_id in [each for each, due in self._waiting.items() if due <= now]:
                del self._waiting[entry_id]
                self._queued[entry_id] = WorkItem(entry_id, queued_at=-math.inf)
            lost = {
                entry_id: each for entry_id, each in self._queued.items() if each.queued_at < queued_before
            }
            for each in lost.values():
                each.queued_at = time.monotonic()
            return list(lost)

    def release_all(self) -> list[str]:
        """Mark all waiting entries as queued, and return their ids, because the reason to wait may no longer apply.

        If a running entry is deferred afterwards, it is due immediately.
        """
        with self._changed:
            released = list(self._waiting)
            self._running = dict.fromkeys(self._running, True)
            self._waiting.clear()
            self._queued.update({each: WorkItem(each) for each in released})
            return released

    def entry_ids(self) -> list[str]:
        with self._changed:
            return [*self._queued, *self._running, *self._waiting]

    def counts(self) -> dict[str, int]:
        with self._changed:
            return {
                "queued": len(self._queued),
                "running": len(self._running),
                "waiting": len(self._waiting),
            }

    def drain(self) -> list[WorkItem]:
        """Remove the queued and waiting entries, and return them."""
        with self._changed:
            items = [*self._queued.values(), *(WorkItem(each) for each in self._waiting)]
            self._queued.clear()
            self._waiting.clear()
            return items

    def is_waiting(self, until: datetime) -> bool:
        """Return whether a waiting entry is due by `until`."""
        with self._changed:
            return any(due <= until for due in self._waiting.values())

    def _room(self) -> int:
        # 0 until half of the queue is free, because few large reads cost less than many small ones.
        used = len(self._queued) + len(self._running)
        if used > self._max_queued // 2 or len(self._waiting) >= MAX_WAITING:
            return 0
        return self._max_queued - used

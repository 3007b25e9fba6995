"""A bulkhead: mails that wait for slow replies use slots of their own, so that they do not delay other mails."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW_DOMAIN_SECONDS: Final = 600


class Bulkhead:
    """`slots` active slots for mails that are being sent, and as many slow slots for mails that wait for a slow reply.

    A mail starts in an active slot, and exchanges it for a slow slot if a reply is slow or its domain is slow.
    Thread-safe; each thread sends one mail at a time.
    """

    def __init__(self, slots: int) -> None:
        self._active, self._slow = threading.Semaphore(slots), threading.Semaphore(slots)
        self._thread = threading.local()
        self._slow_domains: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def active_slot(self) -> Iterator[None]:
        """Wait for an active slot; at the end, release it or the slow slot for which it was exchanged."""
        self._active.acquire()
        self._thread.slot = self._active
        try:
            yield
        finally:
            self._thread.slot.release()
            self._thread.slot = None

    def acquire_slot_for(self, domain: str) -> bool:
        """Exchange this thread's slot if the domain is slow; return False if it is and no slow slot is free.

        A domain is slow for SLOW_DOMAIN_SECONDS after a mail with a slow reply, or until a mail without one.
        """
        return self._slow_domains.get(domain, 0) < time.monotonic() or self.move_to_slow()

    def move_to_slow(self) -> bool:
        """Exchange this thread's active slot for a slow slot; return False if none is free."""
        if getattr(self._thread, "slot", None) is not self._active:  # already slow, or outside `active_slot`
            return True
        if not self._slow.acquire(blocking=False):
            return False
        self._thread.slot = self._slow
        self._active.release()
        return True

    def record(self, domain: str, *, slow: bool) -> None:
        if not slow and domain not in self._slow_domains:
            return
        now = time.monotonic()
        with self._lock:
            others = {
                each: until for each, until in self._slow_domains.items() if until > now and each != domain
            }
            self._slow_domains = others | ({domain: now + SLOW_DOMAIN_SECONDS} if slow else {})

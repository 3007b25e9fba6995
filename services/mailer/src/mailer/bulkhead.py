"""Separates mails that wait for slow replies from other mails, so that slow mails do not delay the others."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW_DOMAIN_SECONDS: Final = 600


class Bulkhead:
    """Places for the mails that are being sent: `active` places, and `slow` places for mails with a slow reply.

    A mail starts in an active place, and exchanges it for a slow place when a reply is slow. Thread-safe; each thread
    sends one mail at a time.
    """

    def __init__(self, *, active: int, slow: int) -> None:
        self._active, self._slow = threading.Semaphore(active), threading.Semaphore(slow)
        self._thread = threading.local()
        self._slow_domains: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def active_place(self) -> Iterator[None]:
        """Wait for an active place; at the end, release it or the slow place for which it was exchanged."""
        self._active.acquire()
        self._thread.place = self._active
        try:
            yield
        finally:
            self._thread.place.release()
            self._thread.place = None

    def has_place_for(self, domain: str) -> bool:
        """Return False if mails to this domain are slow and no slow place is free.

        A domain is slow from a slow reply until a mail without one, for at most SLOW_DOMAIN_SECONDS.
        """
        return self._slow_domains.get(domain, 0) < time.monotonic() or self.move_to_slow()

    def move_to_slow(self) -> bool:
        """Exchange this thread's active place for a slow place; return False if none is free."""
        if (
            getattr(self._thread, "place", None) is not self._active
        ):  # already slow, or outside `active_place`
            return True
        if not self._slow.acquire(blocking=False):
            return False
        self._thread.place = self._slow
        self._active.release()
        return True

    def record(self, domain: str, *, slow: bool) -> None:
        """Record whether a mail to `domain` received a slow reply."""
        if not slow and domain not in self._slow_domains:
            return
        now = time.monotonic()
        with self._lock:
            kept = {
                each: until for each, until in self._slow_domains.items() if until > now and each != domain
            }
            self._slow_domains = kept | ({domain: now + SLOW_DOMAIN_SECONDS} if slow else {})

"""Keeps mails that wait for slow replies apart from the others, so that no mail waits for a slow one."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW_DOMAIN_SECONDS: Final = 600


class Bulkhead:
    """Places for the mails that are being sent: `active` ones, and `slow` ones that wait for a reply.

    A mail starts in an active place and gives it up for a slow one when a reply takes long. Thread-safe; each thread
    sends one mail at a time.
    """

    def __init__(self, *, active: int, slow: int) -> None:
        self._active, self._slow = threading.Semaphore(active), threading.Semaphore(slow)
        self._thread = threading.local()
        self._slow_domains: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def active_place(self) -> Iterator[None]:
        """Wait for an active place, and hold it or the slow one it was exchanged for."""
        self._active.acquire()
        self._thread.place = self._active
        try:
            yield
        finally:
            self._thread.place.release()
            self._thread.place = None

    def has_place_for(self, domain: str) -> bool:
        """Return False if mails to this domain are slow and no slow place is free.

        A domain is fast again when a mail to it met no slow reply, or after SLOW_DOMAIN_SECONDS.
        """
        return self._slow_domains.get(domain, 0) < time.monotonic() or self.move_to_slow()

    def move_to_slow(self) -> bool:
        """Exchange this thread's active place for a slow one; False if none is free."""
        if (
            getattr(self._thread, "place", None) is not self._active
        ):  # slow already, or a command that needs no place
            return True
        if not self._slow.acquire(blocking=False):
            return False
        self._thread.place = self._slow
        self._active.release()
        return True

    def record(self, domain: str, *, slow: bool) -> None:
        """Remember whether a mail to `domain` met a slow reply."""
        if not slow and domain not in self._slow_domains:
            return
        now = time.monotonic()
        with self._lock:
            kept = {
                each: until for each, until in self._slow_domains.items() if until > now and each != domain
            }
            self._slow_domains = kept | ({domain: now + SLOW_DOMAIN_SECONDS} if slow else {})

"""What glibc keeps of freed memory: 19 MiB in each web process after a single login. Other C libraries keep theirs."""

import ctypes
import time
from collections.abc import Callable
from typing import Any, Final

IDLE_SECONDS: Final = 3.0
_M_ARENA_MAX: Final = -8  # malloc.h


def _libc(name: str) -> Callable[..., Any] | None:
    return getattr(ctypes.CDLL(None), name, None)


def use_one_arena() -> None:
    """Let all threads allocate from the arena that can be returned; call it before they start.

    glibc's `malloc_trim` leaves the free end of every other arena, where a hash had its memory.
    """
    if mallopt := _libc("mallopt"):
        mallopt(_M_ARENA_MAX, 1)


class FreeMemory:
    """Returns free memory to the system once no request has come for IDLE_SECONDS; the next hash takes 8 ms longer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._trim = _libc("malloc_trim")
        self._used_at: float | None = None

    def use(self) -> None:
        """Note a request."""
        self._used_at = self._clock()

    def return_when_idle(self) -> None:
        """Return it, once after the last request."""
        if self._used_at is not None and self._clock() >= self._used_at + IDLE_SECONDS:
            self._used_at = None
            if self._trim is not None:
                self._trim(0)

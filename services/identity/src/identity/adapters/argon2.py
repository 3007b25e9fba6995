"""Argon2id, a bounded number at once (SEC-1)."""

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from typing_extensions import override

from identity.domain.errors import Busy
from identity.metrics import HashMeter
from identity.usecases.ports.security import Passwords

T = TypeVar("T")
_RETRY_AFTER_SECONDS = 2
_NICENESS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Argon2's parameters; OWASP's choice is 19456 KiB, 2 passes, 1 lane."""

    memory_kib: int = 19456
    passes: int = 2
    lanes: int = 1


class Argon2Passwords(Passwords):
    """Hashes with at most `slots` at once, and at most `queue` more waiting; beyond that Busy.

    The hashing has `slots` threads of its own: the allocator keeps a hash's memory for the thread that made it,
    and the many threads of a web process would each come to hold theirs. They stand behind all others in the
    system's queue for a core, so that who asks a small thing does not wait for a burst of logins.
    """

    def __init__(self, cost: Cost, *, slots: int, queue: int, meter: HashMeter) -> None:
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        self._slots = ThreadPoolExecutor(slots, thread_name_prefix="hash", initializer=_lower_priority)
        self._queue = threading.BoundedSemaphore(slots + queue)
        self._meter = meter
        self._dummy_hash = self._hasher.hash(secrets.token_urlsafe())

    @override
    def hash(self, password: str) -> str:
        return self._in_slot(self._hasher.hash, password)

    @override
    def verify(self, password_hash: str | None, password: str) -> bool:
        try:
            self._in_slot(self._hasher.verify, password_hash or self._dummy_hash, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    @override
    def outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _in_slot(self, work: Callable[..., T], *arguments: str) -> T:
        if not self._queue.acquire(blocking=False):
            self._meter.refused.inc()
            raise Busy(_RETRY_AFTER_SECONDS)
        self._meter.waiting.inc()
        try:
            return self._slots.submit(self._timed, time.perf_counter(), work, arguments).result()
        finally:
            self._queue.release()

    def _timed(self, asked_at: float, work: Callable[..., T], arguments: tuple[str, ...]) -> T:
        began_at = time.perf_counter()
        self._meter.waiting.dec()
        self._meter.wait_seconds.observe(began_at - asked_at)
        try:
            return work(*arguments)
        finally:
            self._meter.seconds.observe(time.perf_counter() - began_at)


def _lower_priority() -> None:
    """Lower this thread's own priority; Linux keeps one for each thread (setpriority(2), notes)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

"""Password hashing with Argon2id, with bounded concurrency (SEC-1)."""

import os
import secrets
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from argon2 import DEFAULT_HASH_LENGTH, DEFAULT_RANDOM_SALT_LENGTH, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from typing_extensions import override

from identity.adapters.meters import HashMetrics
from identity.domain.errors import Busy
from identity.usecases.ports.passwords import Passwords

T = TypeVar("T")
_RETRY_AFTER_SECONDS = 2
_NICENESS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Argon2's parameters; the defaults are one of OWASP's recommended configurations."""

    memory_kib: int = 19456
    passes: int = 2
    lanes: int = 1


class Argon2Passwords(Passwords):
    """A pool of threads that compute hashes, `slots` at a time. At most `queue` requests wait; more raise Busy.

    Request threads do not compute hashes themselves: the memory allocator keeps a hash's memory for the thread that
    computed it, so each request thread would keep that much memory. On Linux the hashing threads run at a
    lower priority, so that a burst of logins does not delay other requests.
    """

    def __init__(self, cost: Cost, *, slots: int, queue: int, meter: HashMetrics) -> None:
        self._hasher = PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes, type=Type.ID
        )
        self._slots = ThreadPoolExecutor(slots, thread_name_prefix="hash", initializer=_lower_priority)
        self._queue = threading.BoundedSemaphore(slots + queue)
        self._meter = meter
        # The dummy hash has the current parameters. After the parameters change, response times reveal whether an
        # account exists, until its next login renews its hash.
        self._dummy_hash = random_hash(cost)

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

    def _in_slot(self, function: Callable[..., T], *arguments: str) -> T:
        if not self._queue.acquire(blocking=False):
            self._meter.refused.inc()
            raise Busy(_RETRY_AFTER_SECONDS)
        self._meter.waiting.inc()
        try:
            return self._slots.submit(self._timed, time.perf_counter(), function, arguments).result()
        finally:
            self._queue.release()

    def _timed(self, queued_at: float, function: Callable[..., T], arguments: tuple[str, ...]) -> T:
        started_at = time.perf_counter()
        self._meter.waiting.dec()
        self._meter.wait_seconds.observe(started_at - queued_at)
        try:
            return function(*arguments)
        finally:
            self._meter.seconds.observe(time.perf_counter() - started_at)


def random_hash(cost: Cost) -> str:
    """Return a hash that no password matches. Computing a real hash would delay the start of the process."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (DEFAULT_RANDOM_SALT_LENGTH, DEFAULT_HASH_LENGTH)
    )
    parameters = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
    return f"$argon2id$v={ARGON2_VERSION}${parameters}${salt}${digest}"


def _lower_priority() -> None:
    """Lower the priority of this thread on Linux, where each thread has its own (setpriority(2), BUGS).

    If the system forbids this, for example by a seccomp filter, passwords are hashed at the usual priority.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

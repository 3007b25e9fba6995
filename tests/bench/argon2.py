"""The limit of logins: raw Argon2id verifications per second on all cores, with the parameters of a stored hash."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from argon2 import PasswordHasher

CORES = os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0))


class RawArgon2:
    """One warm process per core; a few per cent faster than threads."""

    def __init__(self, password_hash: str, password: str) -> None:
        self._known = (password_hash, password)
        self._pool = ProcessPoolExecutor(CORES, mp_context=get_context("spawn"))
        self.per_second(0.2)

    def per_second(self, seconds: float) -> float:
        """Verify for `seconds`; return the verifications per second of all cores."""
        work = [self._pool.submit(_verify, *self._known, seconds) for _ in range(CORES)]
        return sum(each.result() for each in work)

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown()


def _verify(password_hash: str, password: str, seconds: float) -> float:
    hasher = PasswordHasher()
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        hasher.verify(password_hash, password)
        done += 1
    return done / spent

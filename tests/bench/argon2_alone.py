"""The baseline of logins and registrations: Argon2id verifications on all cores, with a stored hash's parameters."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from argon2 import PasswordHasher

from tests.bench.time_slots import Run, Side

CORES = os.process_cpu_count() if hasattr(os, "process_cpu_count") else len(os.sched_getaffinity(0))


class Argon2idAlone:
    """A pool with one warm process per core, which is a few per cent faster than threads. The caller closes it."""

    def __init__(self, password_hash: str, password: str) -> None:
        self._arguments = (password_hash, password)
        self._pool = ProcessPoolExecutor(CORES, mp_context=get_context("spawn"))
        self._cpu_seconds = 0.0
        self._verify(0.2)

    def side(self, seconds: float) -> Side:
        return Side(
            name="Argon2id alone",
            unit="/s",
            prepare=lambda: lambda: self._verify(seconds),
            cpu={"hash": lambda: self._cpu_seconds},
        )

    def _verify(self, seconds: float) -> Run:
        work = [self._pool.submit(_verify, *self._arguments, seconds) for _ in range(CORES)]
        results = [each.result() for each in work]
        self._cpu_seconds += sum(cpu_seconds for _, _, cpu_seconds in results)
        return Run(
            value=sum(done / spent for done, spent, _ in results),
            operations=sum(done for done, *_ in results),
        )

    def close(self) -> None:
        self._pool.shutdown()


def _verify(password_hash: str, password: str, seconds: float) -> tuple[int, float, float]:
    """Verify for `seconds`; return the number of verifications, the seconds and the CPU seconds."""
    hasher = PasswordHasher()
    began, cpu_began, done = time.perf_counter(), time.process_time(), 0
    while (spent := time.perf_counter() - began) < seconds:
        hasher.verify(password_hash, password)
        done += 1
    return done, spent, time.process_time() - cpu_began

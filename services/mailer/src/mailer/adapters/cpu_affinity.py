"""Pins a busy mailer's threads to one core, because Python runs one of them at a time anyway.

The kernel would spread them, and each wait for Redis or the mail server would move the interpreter to a core with cold
caches. Measured with the mails of `make bench ONLY=mailer`, real-time priority, 2 cores, means of 4 runs: 415 mails
a second at 2.4 ms of CPU each, without pinning 334 at 3.5 ms. At normal priority under a load of 15 it costs 15 %.
"""

from __future__ import annotations

import os
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from port_runtime.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STAT: Final = Path("/proc/stat")
TASKS: Final = Path("/proc/self/task")
INTERVAL_SECONDS: Final = 1.0
BUSY: Final = 0.3  # share of a core; below this the threads seldom compete for the interpreter
MIN_GAIN: Final = 0.2  # share of a core; a smaller gain does not outweigh the cold caches
_IDLE_FIELDS: Final = (3, 4)  # idle, iowait; proc_stat(5)
_COUNTED_FIELDS: Final = 8  # the fields after them, guest time, are part of user time
_TICKS: Final = os.sysconf("SC_CLK_TCK")
log = get_logger("mailer.cpu_affinity")


@dataclass(frozen=True, slots=True)
class _Sample:
    """Seconds of the monotonic clock, of this process' CPU time, and of each core's busy time."""

    at: float
    own: float
    cores: Mapping[int, float]


class CpuAffinity(threading.Thread):
    """Adjusts the affinity every second; does nothing on a single core or without Linux.

    It affects all threads of the process, so only `mailer run` starts it.
    """

    def __init__(self, *, busy: float = BUSY, rng: Callable[[], float] = random.random) -> None:
        super().__init__(name="cpu-affinity", daemon=True)
        self._busy, self._rng = busy, rng
        self._allowed = _allowed_cores()
        self._core: int | None = None
        self._before: _Sample | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Adjust until stopped."""
        if len(self._allowed) < 2:  # noqa: PLR2004 - one core leaves no choice
            return
        while not self._stopped.wait(INTERVAL_SECONDS):
            self.adjust()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self.join()

    def adjust(self) -> None:
        """Pin, move or unpin the threads by how busy the cores were since the last call."""
        before, self._before = self._before, (now := _sample())
        if before is None or now.at <= before.at:
            return
        elapsed = now.at - before.at
        own = (now.own - before.own) / elapsed
        busy = {core: (spent - before.cores.get(core, 0)) / elapsed for core, spent in now.cores.items()}
        busy = {core: share for core, share in busy.items() if core in self._allowed}
        if len(busy) < len(self._allowed):
            return  # some container runtimes leave cores out of /proc/stat
        core = choose_core(busy, own=own, current=self._core, rng=self._rng) if own >= self._busy else None
        self._pin(core)

    def _pin(self, core: int | None) -> None:
        if core == self._core:
            return
        self._core = core
        cores = self._allowed if core is None else {core}
        for task in TASKS.iterdir():
            with suppress(OSError):  # the thread has ended
                os.sched_setaffinity(int(task.name), cores)
        log.debug("threads_kept_on", core=core)


def choose_core(
    busy: Mapping[int, float], *, own: float, current: int | None, rng: Callable[[], float]
) -> int:
    """Return the core to pin to. `busy` and `own` are shares of a core; `busy` includes `own`.

    Two mailers on one core both see that another core is idle. Each moves only with some probability, so that they
    separate after a few calls instead of moving together.
    """
    freest = min(busy, key=lambda core: (busy[core], rng()))
    if current is None:
        return freest
    others = busy[current] - own
    return freest if others - busy[freest] > MIN_GAIN and rng() < 1 / 2 else current


def _allowed_cores() -> set[int]:
    if not hasattr(os, "sched_setaffinity") or not STAT.exists() or not TASKS.exists():
        return set()
    return os.sched_getaffinity(0)


def _sample() -> _Sample:
    cores = {}
    for line in STAT.read_text().splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu":
            ticks = [int(field) for field in fields[:_COUNTED_FIELDS]]
            cores[int(name[3:])] = (sum(ticks) - sum(ticks[place] for place in _IDLE_FIELDS)) / _TICKS
    return _Sample(time.monotonic(), time.process_time(), cores)

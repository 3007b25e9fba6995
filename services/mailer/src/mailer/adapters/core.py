"""One core for a busy mailer's threads: Python lets one of them run at a time, wherever it is.

Left to the kernel, every wait for Redis or the mail server hands the interpreter to a thread on another core, whose
caches know nothing of the work: the same mail takes twice the processor time there. Measured on 2 cores: 300 to 390
mails a second left free, 410 to 560 kept together (`make bench ONLY=mailer`).
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
LOOK_SECONDS: Final = 1.0
BUSY: Final = 0.3  # of a core: with less to do, the threads hardly meet
WORTH_MOVING: Final = 0.2  # of a core: warm caches are not left for less
_IDLE_FIELDS: Final = (3, 4)  # idle, iowait; proc_stat(5)
_COUNTED_FIELDS: Final = 8  # guest time, behind them, is part of user time
_TICKS: Final = os.sysconf("SC_CLK_TCK")
log = get_logger("mailer.core")


@dataclass(frozen=True, slots=True)
class _Sample:
    """Seconds since some beginning: of the clock, of this process's processor time, of each core's."""

    at: float
    own: float
    cores: Mapping[int, float]


class OneCore(threading.Thread):
    """Looks every second at how busy the cores were; does nothing where the system cannot, or there is only one.

    Where threads may run is a matter of the whole process: for who owns it alone.
    """

    def __init__(self, *, busy: float = BUSY, chance: Callable[[], float] = random.random) -> None:
        super().__init__(name="core", daemon=True)
        self._busy, self._chance = busy, chance
        self._allowed = _allowed_cores()
        self._kept_on: int | None = None
        self._before: _Sample | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Settle again and again until stopped."""
        if len(self._allowed) < 2:  # noqa: PLR2004 - of one core there is no choice
            return
        while not self._stopped.wait(LOOK_SECONDS):
            self.settle()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self.join()

    def settle(self) -> None:
        """Keep the threads together, move them, or let them go, by how busy the cores were since the last time."""
        before, self._before = self._before, (now := _sample())
        if before is None or now.at <= before.at:
            return
        elapsed = now.at - before.at
        own = (now.own - before.own) / elapsed
        busy = {core: (spent - before.cores.get(core, 0)) / elapsed for core, spent in now.cores.items()}
        busy = {core: share for core, share in busy.items() if core in self._allowed}
        if len(busy) < len(self._allowed):
            return  # a container whose /proc/stat is made up: what it does not tell of cannot be compared
        core = (
            chosen(busy, own=own, kept_on=self._kept_on, chance=self._chance) if own >= self._busy else None
        )
        self._keep_on(core)

    def _keep_on(self, core: int | None) -> None:
        if core == self._kept_on:
            return
        self._kept_on = core
        cores = self._allowed if core is None else {core}
        for task in TASKS.iterdir():
            with suppress(OSError):  # the thread has ended meanwhile
                os.sched_setaffinity(int(task.name), cores)
        log.debug("threads_kept_on", core=core)


def chosen(busy: Mapping[int, float], *, own: float, kept_on: int | None, chance: Callable[[], float]) -> int:
    """Return the core to keep to; `busy` and, as a part of it, `own` in shares of a core.

    Two mailers on one core both see that another is free: whether either moves is left to chance, so that they
    part after a look or two instead of moving together for ever.
    """
    freest = min(busy, key=lambda core: (busy[core], chance()))
    if kept_on is None:
        return freest
    others = busy[kept_on] - own
    return freest if others - busy[freest] > WORTH_MOVING and chance() < 1 / 2 else kept_on


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

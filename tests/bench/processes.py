"""Starts processes of the system and measures them through /proc."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import ROOT
from tests.support.harness.processes import Program


class Process(Program):
    """A program that runs in the root of the repository, with its start time and CPU time."""

    def __init__(self, *command: str, environment: Mapping[str, str], directory: Path) -> None:
        self.started_at = time.perf_counter()
        super().__init__(*command, environment=environment, directory=directory, cwd=ROOT)

    def cpu_seconds(self) -> float:
        """The CPU time in seconds that it and its children have used."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *self.children()))


def pss_mib(pids: Sequence[int]) -> float:
    """Return the sum of the processes' proportional set sizes (proc(5)) in MiB."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def _pss_kib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _cpu_seconds(pid: int) -> float:
    # schedstat has nanoseconds of CPU time, more precise than the ticks in /proc/PID/stat.
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

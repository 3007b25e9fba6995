"""CPU time of the machine and of process trees, and memory, from /proc (proc_stat(5), proc_pid_stat(5))."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CpuSeconds = Callable[[], float]
"""Returns the CPU time so far, in seconds. Only differences have a meaning."""
PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the name, and of /proc/stat. Guest time is left out: user time includes it.
_PARENT, _TIMES = 1, slice(11, 15)
_STATES, _IDLE = slice(1, 9), slice(3, 5)


@dataclass(frozen=True, slots=True)
class CpuTime:
    """Seconds of all cores together since the machine started; `own` is the part of the benchmark's processes."""

    busy: float
    total: float
    own: float


def read_cpu_time(own: CpuSeconds, proc: Path = PROC) -> CpuTime:
    """Time given to other virtual machines (steal) counts as busy."""
    states = [int(field) for field in (proc / "stat").read_text().splitlines()[0].split()[_STATES]]
    busy = sum(states) - sum(states[_IDLE])
    return CpuTime(busy / _TICKS_PER_SECOND, sum(states) / _TICKS_PER_SECOND, own())


def foreign_share(before: CpuTime, after: CpuTime) -> float:
    """Return the share of all cores, from 0 to 1, that foreign processes used between two readings.

    Rounding may make the difference negative; it then counts as 0.
    """
    foreign = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, foreign / (after.total - before.total))


def cpu_seconds(*pids: int, proc: Path = PROC) -> float:
    """Return the CPU time of processes and their descendants, including ended descendants that were waited for."""
    seconds, children = _processes(proc)
    trees, waiting = set[int](), list(pids)
    while waiting:
        pid = waiting.pop()
        trees.add(pid)
        waiting += children.get(pid, [])
    return sum(seconds.get(pid, 0.0) for pid in trees)


def _processes(proc: Path) -> tuple[dict[int, float], dict[int, list[int]]]:
    seconds: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for directory in proc.glob("[0-9]*"):
        try:
            stat = (directory / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):  # the process has ended
            continue
        fields = stat.rpartition(")")[2].split()  # a process name may contain spaces and parentheses
        pid = int(directory.name)
        seconds[pid] = sum(int(ticks) for ticks in fields[_TIMES]) / _TICKS_PER_SECOND
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    return seconds, children


def pss_mib(*pids: int) -> float:
    """Return the sum of the processes' proportional set sizes (proc(5)) in MiB."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def _pss_kib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))

"""Metrics of processes from /proc, under the names that prometheus_client uses (OPS-4).

prometheus_client itself does not add them up over several processes.
"""

from __future__ import annotations

import os
import resource
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from port_runtime.metrics import Metric, Sample, observable_gauge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

CPU: Final = Metric(
    name="process_cpu_seconds_total",
    kind="counter",
    unit="seconds",
    description="CPU time of the process and its children",
    is_observable=True,
)
MEMORY: Final = observable_gauge(
    "process_resident_memory_bytes",
    "bytes",
    "Memory of the process and its children; shared pages count for each of them",
)
STARTED: Final = observable_gauge(
    "process_start_time_seconds", "seconds", "Start of the process, in Unix time"
)
OPEN_FDS: Final = observable_gauge(
    "process_open_fds", "descriptors", "Open file descriptors, of the process or the child with the most"
)
MAX_FDS: Final = observable_gauge(
    "process_max_fds", "descriptors", "Limit of open file descriptors for each process (`RLIMIT_NOFILE`)"
)
PROCESS: Final = (CPU, MEMORY, STARTED, OPEN_FDS, MAX_FDS)


def build_info(service: str) -> Metric:
    return observable_gauge(f"{service}_build_info", "", "1, with the installed version", version=())


class ProcessUsageCollector:
    """Samples of one process and its children, and of the installed version of its distribution.

    `pid` returns the id of the process; in a web process that of gunicorn's master, because any worker may be scraped.
    """

    def __init__(self, build: Metric, distribution: str, *, pid: Callable[[], int] = os.getpid) -> None:
        self._build, self._version, self._pid = build, version(distribution), pid

    def collect(self) -> Iterator[Sample]:
        """Read /proc. The CPU time of an ended child is included once its parent has waited for it (wait(2))."""
        yield Sample(self._build, 1, (self._version,))
        root = self._pid()
        stats = [found for pid in (root, *_children(root)) if (found := _stat(pid))]
        yield Sample(CPU, stats[0].waited_seconds + sum(each.cpu_seconds for each in stats))
        yield Sample(MEMORY, sum(each.resident_bytes for each in stats))
        yield Sample(STARTED, stats[0].started_at)
        yield Sample(OPEN_FDS, max(each.open_fds for each in stats))
        yield Sample(MAX_FDS, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


class _Stat(NamedTuple):
    cpu_seconds: float
    waited_seconds: float
    started_at: float
    resident_bytes: int
    open_fds: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
        open_fds = len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208  # counts without building paths
    except (FileNotFoundError, ProcessLookupError):
        return None
    values = [
        int(value) for value in text.rpartition(")")[2].split()[1:22]
    ]  # from the fourth field, see proc(5)
    user, system, children_user, children_system = values[10:14]
    return _Stat(
        cpu_seconds=(user + system) / _TICKS,
        waited_seconds=(children_user + children_system) / _TICKS,
        started_at=_booted_at() + values[18] / _TICKS,
        resident_bytes=values[20] * _PAGE,
        open_fds=open_fds,
    )


def _children(pid: int) -> Iterable[int]:
    for file in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            yield from map(int, file.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue


@cache
def _booted_at() -> int:
    lines = (_PROC / "stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("btime "))

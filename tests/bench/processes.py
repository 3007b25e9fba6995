"""Starts processes of the system and measures them through /proc."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.harness.waiting import wait_until

ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 25


def command(name: str) -> str:
    """Return the path of a console command of this environment, e.g. `identity`."""
    return str(Path(sys.executable).parent / name)


class Process:
    """A process with its children; it logs to a file."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.started_at = time.perf_counter()
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                arguments, env={**inherited, **environment}, cwd=ROOT, stdout=output, stderr=output
            )

    @property
    def pid(self) -> int:
        """The id of the started process."""
        return self._popen.pid

    @property
    def children(self) -> list[int]:
        """The ids of its child processes."""
        return [
            int(pid)
            for tasks in Path(f"/proc/{self.pid}/task").glob("*/children")
            for pid in tasks.read_text().split()
        ]

    def wait_for(self, words: str, *, seconds: float = 20) -> None:
        """Wait until the log contains a text."""
        wait_until(lambda: self._logged(words), what=f"{words!r} in {self.log}", timeout_seconds=seconds)

    def _logged(self, words: str) -> bool:
        logged = self.log.read_text(errors="replace")
        if self._popen.poll() is not None:
            raise RuntimeError(f"the process ended with {self._popen.returncode}: {logged[-2000:]}")
        return words in logged

    def cpu_seconds(self) -> float:
        """The CPU time in seconds that it and its children have used."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *self.children))

    def stop(self) -> None:
        """Terminate the process; kill it after a time-out."""
        if self._popen.poll() is not None:
            return
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


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

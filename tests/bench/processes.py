"""Processes of the system under measurement: started as people start them, watched through /proc."""

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
    """A started program with its children; what it logs goes to a file, as it would to a journal."""

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
        """The first process's id."""
        return self._popen.pid

    @property
    def children(self) -> list[int]:
        """The ids of the processes it has started."""
        return [
            int(pid)
            for tasks in Path(f"/proc/{self.pid}/task").glob("*/children")
            for pid in tasks.read_text().split()
        ]

    def wait_for(self, words: str, *, seconds: float = 20) -> None:
        """Wait until the log has these words."""
        wait_until(lambda: self._logged(words), what=f"{words!r} in {self.log}", timeout_seconds=seconds)

    def _logged(self, words: str) -> bool:
        logged = self.log.read_text(errors="replace")
        if self._popen.poll() is not None:
            raise RuntimeError(f"the process ended with {self._popen.returncode}: {logged[-2000:]}")
        return words in logged

    def cpu_seconds(self) -> float:
        """Seconds of CPU time that it and its children have used so far."""
        return sum(_cpu_seconds(pid) for pid in (self.pid, *self.children))

    def stop(self) -> None:
        """End it as an operator would; kill it when that takes too long."""
        if self._popen.poll() is not None:
            return
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def pss_mib(pids: Sequence[int]) -> float:
    """Return the proportional set size of these processes together: shared pages are shared out (proc(5))."""
    return sum(_pss_kib(pid) for pid in pids) / 1024


def _pss_kib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _cpu_seconds(pid: int) -> float:
    # The first figure of schedstat is nanoseconds on a CPU: finer than the ticks of /proc/PID/stat.
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

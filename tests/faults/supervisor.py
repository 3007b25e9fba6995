"""Starts the processes of the system and restarts those that were killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.harness.processes import base_environment

ROOT = Path(__file__).parents[2]
_POLL_SECONDS = 0.2
_STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to run: its name, its kind and its command line."""

    name: str
    kind: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


class ManagedProcess:
    """A process spec and the process that runs now."""

    def __init__(self, spec: ProcessSpec, directory: Path) -> None:
        self.spec = spec
        self.options: tuple[str, ...] = ()
        self._log = directory / f"{spec.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen = False
        self.lock = threading.RLock()

    def start(self) -> None:
        """Start the process unless it is running."""
        with self.lock, self._log.open("ab") as output:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", *self._command()],
                    cwd=ROOT,
                    env={**base_environment(), **self.spec.environment},
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
                self._frozen = False

    def _command(self) -> tuple[str, ...]:
        """Return the command with the current options before its `--`."""
        at = self.spec.command.index("--") if "--" in self.spec.command else len(self.spec.command)
        return (*self.spec.command[:at], *self.options, *self.spec.command[at:])

    def workers(self) -> list[int]:
        """Return the ids of the processes that do the work; gunicorn's workers are its children."""
        if self._process is None:
            return []
        if self.spec.kind != "web":
            return [self._process.pid]
        with suppress(FileNotFoundError, ProcessLookupError):
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
            return [int(pid) for pid in children.split()]
        return []

    def kill(self, choose: Callable[[list[int]], int]) -> bool:
        """Kill -9 a worker; return False when there is none or it is frozen."""
        with self.lock:
            pids = self.workers()
            if not pids or self._frozen:
                return False
            with suppress(ProcessLookupError):
                os.kill(choose(pids), signal.SIGKILL)
                return True
            return False

    def freeze(self, choose: Callable[[list[int]], int]) -> int | None:
        """Suspend a worker (SIGSTOP); return its id."""
        with self.lock:
            pids = self.workers()
            if not pids:
                return None
            pid, self._frozen = choose(pids), True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            return pid

    def unfreeze(self, pid: int) -> None:
        """Resume a worker (SIGCONT)."""
        with self.lock:
            self._frozen = False
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def restart(self, *options: str) -> None:
        """Kill the process group and start it with other options."""
        with self.lock:
            self.options = options
            self.destroy()
            self.start()

    def stop(self) -> int | None:
        """Terminate the process; return its exit code."""
        with self.lock:
            if self._process is None:
                return None
            self._process.terminate()
            return self._process.wait(_STOP_SECONDS)

    def destroy(self) -> None:
        """Kill the process group."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_SECONDS)


class Supervisor:
    """All processes, and a thread that restarts the dead ones."""

    def __init__(self) -> None:
        self.processes: list[ManagedProcess] = []
        self.kills: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._restart_dead, name="supervisor", daemon=True)

    def add(self, spec: ProcessSpec, directory: Path) -> None:
        """Add a process."""
        self.processes.append(ManagedProcess(spec, directory))

    def of(self, *kinds: str) -> list[ManagedProcess]:
        """Return the processes of these kinds."""
        return [process for process in self.processes if process.spec.kind in kinds]

    def start(self) -> None:
        """Start all processes and keep them running."""
        for process in self.processes:
            process.start()
        self._supervisor.start()

    def kill(self, process: ManagedProcess, choose: Callable[[list[int]], int]) -> None:
        """Kill -9 a process and count it; it is restarted."""
        if process.kill(choose):
            self.kills[process.spec.kind] += 1

    def stop(self) -> dict[str, int | None]:
        """Terminate all processes; return their exit codes by name."""
        self._stopping.set()
        self._supervisor.join()
        try:
            return {process.spec.name: process.stop() for process in self.processes}
        finally:
            self.destroy()

    def destroy(self) -> None:
        """Kill all processes."""
        self._stopping.set()
        for process in self.processes:
            process.destroy()

    def _restart_dead(self) -> None:
        while not self._stopping.is_set():
            for process in self.processes:
                if not self._stopping.is_set():
                    process.start()
            time.sleep(_POLL_SECONDS)

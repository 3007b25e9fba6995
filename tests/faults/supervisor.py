"""Starts the processes of a run, and restarts those that end."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT
from tests.support.harness.processes import Program

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """`command` contains the arguments of `python -m`. The options of a restart precede its `--`, if it has one."""

    name: str
    kind: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


class ManagedProcess:
    def __init__(self, spec: ProcessSpec, directory: Path) -> None:
        self.spec = spec
        self.options: tuple[str, ...] = ()
        self._directory = directory
        self._program: Program | None = None
        self._frozen = False
        self.lock = threading.RLock()

    def start(self) -> None:
        """Start the process unless it is running."""
        with self.lock:
            if self._program is None or not self._program.running:
                self._program = Program(
                    sys.executable,
                    "-m",
                    *self._command(),
                    environment=self.spec.environment,
                    directory=self._directory,
                    log_name=self.spec.name,
                    cwd=ROOT,
                )
                self._frozen = False

    def _command(self) -> tuple[str, ...]:
        at = self.spec.command.index("--") if "--" in self.spec.command else len(self.spec.command)
        return (*self.spec.command[:at], *self.options, *self.spec.command[at:])

    def workers(self) -> list[int]:
        """Return the process ids of the workers: gunicorn's children, otherwise the process itself."""
        if self._program is None:
            return []
        return self._program.children() if self.spec.kind == "web" else [self._program.pid]

    def kill(self, choose: Callable[[list[int]], int]) -> bool:
        """Kill -9 a worker; return False if there is none, one is frozen, or the chosen one has just ended."""
        with self.lock:
            pids = self.workers()
            if not pids or self._frozen:
                return False
            with suppress(ProcessLookupError):
                os.kill(choose(pids), signal.SIGKILL)
                return True
            return False

    def freeze(self, choose: Callable[[list[int]], int]) -> int | None:
        """Suspend a worker (SIGSTOP); return its process id, or None if there is no worker."""
        with self.lock:
            pids = self.workers()
            if not pids:
                return None
            pid, self._frozen = choose(pids), True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            return pid

    def unfreeze(self, pid: int) -> None:
        with self.lock:
            self._frozen = False
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def restart(self, *options: str) -> None:
        """Kill the process group and start the process with these options, which later starts repeat."""
        with self.lock:
            self.options = options
            self.destroy()
            self.start()

    def stop(self) -> int | None:
        with self.lock:
            return self._program.stop() if self._program else None

    def destroy(self) -> None:
        """Kill the process group."""
        if self._program is not None:
            self._program.destroy()


class Supervisor:
    """All processes, and a thread that restarts ended processes until `stop` or `destroy`."""

    def __init__(self) -> None:
        self.processes: list[ManagedProcess] = []
        self.kills: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._restart_dead, name="supervisor", daemon=True)

    def add(self, spec: ProcessSpec, directory: Path) -> None:
        self.processes.append(ManagedProcess(spec, directory))

    def of(self, *kinds: str) -> list[ManagedProcess]:
        return [process for process in self.processes if process.spec.kind in kinds]

    def start(self) -> None:
        for process in self.processes:
            process.start()
        self._supervisor.start()

    def kill(self, process: ManagedProcess, choose: Callable[[list[int]], int]) -> None:
        """Kill -9 a worker of the process, unless one is frozen, and count the kill."""
        if process.kill(choose):
            self.kills[process.spec.kind] += 1

    def stop(self) -> dict[str, int | None]:
        """Terminate all processes; return their exit codes by name, None for a process that never started."""
        self._stopping.set()
        self._supervisor.join()
        try:
            return {process.spec.name: process.stop() for process in self.processes}
        finally:
            self.destroy()

    def destroy(self) -> None:
        self._stopping.set()
        for process in self.processes:
            process.destroy()

    def _restart_dead(self) -> None:
        while not self._stopping.is_set():
            for process in self.processes:
                if not self._stopping.is_set():
                    process.start()
            time.sleep(_POLL_SECONDS)

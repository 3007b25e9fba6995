"""The processes of the system: who plays what, and who takes the place of one that was killed."""

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
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Part:
    """One process to be there: its name, what kind it is, and its command line."""

    name: str
    kind: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


class Actor:
    """A part and the process that plays it now; whoever is killed is replaced at once, as a supervisor does."""

    def __init__(self, part: Part, directory: Path) -> None:
        self.part = part
        self.options: tuple[str, ...] = ()
        self._log = directory / f"{part.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen = False
        self.lock = threading.RLock()

    def start(self) -> None:
        """Start where nobody plays."""
        with self.lock, self._log.open("ab") as output:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", *self._command()],
                    cwd=ROOT,
                    env={**base_environment(), **self.part.environment},
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
                self._frozen = False

    def _command(self) -> tuple[str, ...]:
        """Put the options of the moment before the command that they change."""
        at = self.part.command.index("--") if "--" in self.part.command else len(self.part.command)
        return (*self.part.command[:at], *self.options, *self.part.command[at:])

    def victims(self) -> list[int]:
        """Return the ids of the processes that do the work: gunicorn's are its children."""
        if self._process is None:
            return []
        if self.part.kind != "web":
            return [self._process.pid]
        with suppress(FileNotFoundError, ProcessLookupError):
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
            return [int(pid) for pid in children.split()]
        return []

    def kill(self, choose: Callable[[list[int]], int]) -> bool:
        """Kill -9 one of them; False where none is there, or it is frozen for another fault."""
        with self.lock:
            victims = self.victims()
            if not victims or self._frozen:
                return False
            with suppress(ProcessLookupError):
                os.kill(choose(victims), signal.SIGKILL)
                return True
            return False

    def freeze(self, choose: Callable[[list[int]], int]) -> int | None:
        """Stop one of them where it stands; return its id."""
        with self.lock:
            victims = self.victims()
            if not victims:
                return None
            victim, self._frozen = choose(victims), True
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGSTOP)
            return victim

    def thaw(self, victim: int) -> None:
        """Let it go on."""
        with self.lock:
            self._frozen = False
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGCONT)

    def restart(self, *options: str) -> None:
        """Kill all of it and start it with other options."""
        with self.lock:
            self.options = options
            self.destroy()
            self.start()

    def stop(self) -> int | None:
        """Ask it to end; return its exit code."""
        with self.lock:
            if self._process is None:
                return None
            self._process.terminate()
            return self._process.wait(_STOP_SECONDS)

    def destroy(self) -> None:
        """Kill it with whatever it left."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_STOP_SECONDS)


class Cast:
    """All actors, and the supervisor that starts whoever has died."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.kills: Counter[str] = Counter()
        self._leaving = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def add(self, part: Part, directory: Path) -> None:
        """Engage one more."""
        self.actors.append(Actor(part, directory))

    def of(self, *kinds: str) -> list[Actor]:
        """Return the actors of these kinds."""
        return [actor for actor in self.actors if actor.part.kind in kinds]

    def start(self) -> None:
        """Start all, and keep them on the stage."""
        for actor in self.actors:
            actor.start()
        self._supervisor.start()

    def kill(self, actor: Actor, choose: Callable[[list[int]], int]) -> None:
        """Kill -9 and count it; the supervisor sees to the rest."""
        if actor.kill(choose):
            self.kills[actor.part.kind] += 1

    def stop(self) -> dict[str, int | None]:
        """End all of them as an operator does; return their exit codes by name."""
        self._leaving.set()
        self._supervisor.join()
        try:
            return {actor.part.name: actor.stop() for actor in self.actors}
        finally:
            self.destroy()

    def destroy(self) -> None:
        """Leave no process behind."""
        self._leaving.set()
        for actor in self.actors:
            actor.destroy()

    def _supervise(self) -> None:
        while not self._leaving.is_set():
            for actor in self.actors:
                if not self._leaving.is_set():
                    actor.start()
            time.sleep(_LOOK_SECONDS)

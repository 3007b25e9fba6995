"""Commands as real processes: start, wait for output, stop, kill."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from tests.support import ROOT
from tests.support.harness.polling import wait_until

START_SECONDS = 90.0
"""Long enough for many commands that start at once on a busy machine."""
PRODUCT_COMMANDS = frozenset({"identity", "mailer"})
_END_SECONDS = 40.0
_PRELOADED = multiprocessing.get_context("forkserver")
_PRELOADED.set_forkserver_preload(
    [
        "identity.cli",
        "identity.processes.web_server.gunicorn_server",
        "identity.processes.notify",
        "identity.processes.relay",
        "identity.processes.web_server.flask_app",
        "mailer.cli",
        "mailer.process",
    ]
)
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


def base_environment() -> dict[str, str]:
    """Return the variables of this process that every command needs, without the product's settings."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def executable(name: str) -> str:
    """Return the path of a command; an absolute path is unchanged.

    The product's commands come from the environment of `make run`, because structlog imports more packages in the
    tests' environment, which makes each start a third slower.
    """
    ours = ROOT / ".venv" / "run" / "bin" / name
    return str(ours if name in PRODUCT_COMMANDS and ours.exists() else Path(sys.executable).parent / name)


def run_preloaded(*command: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a product command and wait for its end, e.g. `run_preloaded("identity", "check", environment={…})`.

    The command is a fork of a process that has imported the product, which takes 30 ms instead of a second.
    """
    with tempfile.TemporaryDirectory() as directory:
        outputs = (Path(directory) / "stdout", Path(directory) / "stderr")
        code = _Fork(command, environment, outputs).wait(START_SECONDS)
        return subprocess.CompletedProcess(command, code, *(path.read_text() for path in outputs))


class _Fork:
    """A product command, forked from a process that has imported the product, with methods like those of `Popen`."""

    def __init__(
        self, command: tuple[str, ...], environment: Mapping[str, str], outputs: tuple[Path, Path]
    ) -> None:
        self._command = command
        self._process = _PRELOADED.Process(
            target=_run_main, args=(command, {**base_environment(), **environment}, outputs), daemon=True
        )
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._command, timeout)
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def _run_main(command: tuple[str, ...], environment: dict[str, str], outputs: tuple[Path, Path]) -> None:
    os.setsid()
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    sys.argv = list(command)
    if "IDENTITY_METRICS_BIND" in environment and "serve" in command:
        # The import of prometheus_client decides whether processes share their metrics.
        _forget("identity", "port_runtime", "prometheus_client")
    sys.exit(import_module(f"{command[0]}.__main__").main())


def _forget(*packages: str) -> None:
    """Remove packages from `sys.modules`, so that the command imports them again in its own order."""
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


class Program:
    """A running command with its output in a log file."""

    def __init__(
        self,
        *command: str,
        environment: Mapping[str, str],
        directory: Path,
        log_name: str = "",
        cwd: Path = Path("/"),
        pass_fds: tuple[int, ...] = (),
        preloaded: bool = False,
    ) -> None:
        """Start a command, found by `executable`, with a log in `directory`.

        With `preloaded`, a product command without `pass_fds` is a fork, as in `run_preloaded`.
        """
        number = len(list(directory.glob("*.log")))
        self.command = " ".join(command)
        name = log_name or f"{number}-{'-'.join(Path(part).name for part in command)}"
        self.log = directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | _Fork
        if preloaded and not pass_fds and command[0] in PRODUCT_COMMANDS:
            self.log.touch()
            self._process = _Fork(command, environment, (self.log, self.log))
            return
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [executable(command[0]), *command[1:]],
                env={**base_environment(), **environment},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=cwd,
                pass_fds=pass_fds,
                start_new_session=True,  # `destroy` then kills its children too
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def children(self) -> list[int]:
        """Return the ids of the children, such as gunicorn's workers."""
        found: list[int] = []
        for children in Path(f"/proc/{self.pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # the process may end in the meantime
                found += map(int, children.read_text().split())
        return found

    def wait_for(self, text: str, *, timeout_seconds: float = START_SECONDS) -> None:
        """Wait until the output contains the text."""
        self.wait_while_running(lambda: text in self.output, what=repr(text), timeout_seconds=timeout_seconds)

    def wait_while_running(self, condition: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
        """Wait for a condition. Raises AssertionError with the output if the command ends first, or on timeout."""

        def holds() -> bool:
            if condition():
                return True
            assert self.running, f"`{self.command}` ended with {self._process.poll()}:\n{self.output}"
            return False

        try:
            wait_until(holds, what=f"{what} of `{self.command}`", timeout_seconds=timeout_seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output[-4000:]}") from None

    def wait(self, timeout_seconds: float = _END_SECONDS) -> int:
        """Wait until the command ends by itself; return its exit code."""
        return self._process.wait(timeout_seconds)

    def kill(self) -> None:
        """Kill -9 the process but not its children, like a crash."""
        self._process.kill()
        self._process.wait(_END_SECONDS)

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        self._process.terminate()
        return self._process.wait(_END_SECONDS)

    def destroy(self) -> None:
        """Kill the process and its children, and wait until all have ended and released their ports."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()  # a fork that has not called `setsid` yet
        self._process.wait(_END_SECONDS)
        wait_until(lambda: not _has_members(self.pid), what=f"the end of the children of `{self.command}`")


def _has_members(group: int) -> bool:
    """Return whether a process of the group runs; a zombie has ended."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the process may end in the meantime
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                return True
    return False

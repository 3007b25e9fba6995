"""Starts `make run` without make, in its own directory and on free ports."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.settings import PORTS
from tests.support import ROOT
from tests.support.harness.processes import Program
from tests.support.servers.ports import free_port

PYTHON = ROOT / ".venv" / "run" / "bin" / "python"


class LocalRun(Program):
    """A running copy of the local system; `ports` has its ports by the names of their variables."""

    def __init__(self, run_dir: Path, **settings: str) -> None:
        if not (ROOT / ".venv/mailbox/bin/sendria").exists():
            pytest.skip("the environment of `make run` is missing (make set-up)")
        self.run_dir = run_dir
        self.ports = {name: free_port() for name in PORTS}
        python = PYTHON if PYTHON.exists() else Path(sys.executable)
        super().__init__(
            str(python), "-m", "deploy.local.run",
            environment={
                **{name: str(port) for name, port in self.ports.items()},
                "RUN_DIR": str(run_dir),
                **settings,
            },
            directory=run_dir.parent,
            cwd=ROOT,
        )  # fmt: skip

    @property
    def identity_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['IDENTITY_PORT']}"

    @property
    def mailbox_url(self) -> str:
        """The URL of the development mailbox's API."""
        return f"http://127.0.0.1:{self.ports['MAILBOX_PORT']}/api/messages"

    @property
    def pass_demo_url(self) -> str:
        """The URL of the sample port service, which runs only with DEMO=1."""
        return f"http://127.0.0.1:{self.ports['PASS_DEMO_PORT']}"

    def processes(self) -> dict[int, dict[str, str]]:
        """Return the environment of each process of this copy by its id, including orphans."""
        found = {int(path.name): _environment(path) for path in Path("/proc").glob("[0-9]*")}
        mark = str(self.run_dir)
        return {
            pid: its
            for pid, its in found.items()
            if any(mark in value for value in its.values()) or mark in _directory(pid)
        }

    def pids_of(self, command: str) -> list[int]:
        """Return the ids of this copy's processes whose command line contains the text."""
        return [pid for pid in self.processes() if command in _command(pid)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the launcher's process group, like a terminal; return the exit code."""
        os.killpg(self.pid, number)
        return self.wait()

    def destroy(self) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        super().destroy()


def _environment(process: Path) -> dict[str, str]:
    try:
        pairs = (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}  # the process has ended or belongs to another user
    return dict(pair.partition("=")[::2] for pair in pairs if pair)


def _directory(pid: int) -> str:
    """Return the working directory, which identifies Redis: its process title overwrites its environment."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""

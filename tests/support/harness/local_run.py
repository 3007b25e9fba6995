"""`make run` as a person starts it, less make itself: its own directory, ports by the system."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.harness.waiting import wait_until
from tests.support.servers.ports import free_port

PYTHON = ROOT / ".venv" / "run" / "bin" / "python"
PORTS = ("IDENTITY_PORT", "MAILBOX_PORT", "SMTP_PORT", "REDIS_PORT")


class LocalRun:
    """One running copy; `ports` by the name of their variables."""

    def __init__(self, run_dir: Path, **settings: str) -> None:
        if not PYTHON.exists() or not (ROOT / ".venv/mailbox/bin/sendria").exists():
            pytest.skip("the environment of `make run` is not there, so it was not tried (make set-up)")
        self.run_dir = run_dir
        self.ports = {name: free_port() for name in PORTS}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        texts = {name: str(port) for name, port in self.ports.items()}
        self._output = run_dir.with_suffix(".out")
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "deploy.local.run"],
                cwd=ROOT,
                env={**kept, **texts, "RUN_DIR": str(run_dir), **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    @property
    def identity_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['IDENTITY_PORT']}"

    def wait_for(self, text: str) -> None:
        wait_until(
            lambda: text in self.output or self.process.poll() is not None, what=text, timeout_seconds=60
        )
        assert text in self.output, self.output

    def processes(self) -> dict[int, dict[str, str]]:
        """Return the environment of each process of this copy, of whatever parent."""
        found = {int(path.name): _environment(path) for path in Path("/proc").glob("[0-9]*")}
        mark = str(self.run_dir)
        return {
            pid: its
            for pid, its in found.items()
            if any(mark in value for value in its.values()) or mark in _directory(pid)
        }

    def pids_of(self, command: str) -> list[int]:
        """Return the processes of this copy whose command line has this part."""
        return [pid for pid in self.processes() if command in _command(pid)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the launcher's group, as a terminal does; return the exit code."""
        os.killpg(self.process.pid, number)
        return self.process.wait(timeout=30)

    def destroy(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=10)


def _environment(process: Path) -> dict[str, str]:
    try:
        pairs = (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}  # it ended meanwhile, or is not ours
    return dict(pair.partition("=")[::2] for pair in pairs if pair)


def _directory(pid: int) -> str:
    """Return where a process is: Redis writes its title over its environment."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""

"""Runs HTTP load in another process: wrk where installed, otherwise `tests.bench.generator`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.servers.programs import WRK

MakeRequest = Callable[[], "Request"]
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request to send; each one takes the next of `bodies`."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    bodies: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """The result of a load; latencies in milliseconds."""

    per_second: float
    median_ms: float
    p99_ms: float
    refused: int

    def checked(self) -> "LoadResult":
        """Return itself. Raises AssertionError when a request was refused, so that no figure counts refusals."""
        assert self.refused == 0, f"{self.refused} requests were refused"
        return self


def generator() -> str:
    """Return the name of the load generator."""
    return "wrk" if WRK.path() else "own"


def run(request: Request, *, clients: int, seconds: float) -> LoadResult:
    """Run the load with `clients` keep-alive connections."""
    with running(request, clients=clients, seconds=seconds) as answers:
        return answers()


class Running:
    """A running load. Calling it waits for its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self) -> LoadResult:
        """Wait for the end; return the result."""
        output, errors = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(f"the load generator failed: {errors[-1000:]}")
        return LoadResult(**json.loads(output.splitlines()[-1])).checked()


@contextmanager
def running(request: Request, *, clients: int, seconds: float) -> Iterator[Running]:
    """Run a load during the block."""
    with tempfile.TemporaryDirectory(prefix="port-load-") as folder:
        task = Path(folder) / "task"
        process = subprocess.Popen(
            _wrk(request, task, clients, seconds) if WRK.path() else _own(request, task, clients, seconds),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield Running(process)
        finally:
            process.kill()
            process.wait()


def _wrk(request: Request, task: Path, clients: int, seconds: float) -> list[str]:
    task.write_text("\n".join(request.bodies))
    headers = [f"--header={name}: {value}" for name, value in request.headers.items()]
    # wrk accepts whole seconds only.
    return [
        str(WRK.path()), "--threads=1", f"--connections={clients}", f"--duration={max(1, round(seconds))}s",
        "--timeout=30s", f"--script={_SCRIPT}", *headers, request.url, "--", request.method, str(task),
    ]  # fmt: skip


def _own(request: Request, task: Path, clients: int, seconds: float) -> list[str]:
    task.write_text(json.dumps({**asdict(request), "clients": clients, "seconds": seconds}))
    return [sys.executable, str(Path(__file__).with_name("generator.py")), str(task)]

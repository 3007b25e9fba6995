"""Runs HTTP load in another process: wrk, if installed, for `run` with one client, otherwise `load_generator.py`.

wrk leaves more CPU time to the measured service. The generator waits for its last answers, so that all CPU time of the
service belongs to counted requests, and no remaining request disturbs the next measurement.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.cpu_and_memory import CpuSeconds
from tests.bench.time_slots import Run, Side, Unit
from tests.support.servers.optional_programs import WRK

MakeRequest = Callable[[], "Request"]
SECONDS = 2.0
_UNTIL_STOPPED = 3600.0
_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that is sent repeatedly, each time with the next of `bodies`, if there are any."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    bodies: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """`refused` counts statuses other than 2xx and 3xx and, with wrk, connection errors and time-outs too."""

    requests: int
    per_second: float
    median_ms: float
    p99_ms: float
    refused: int

    def as_run(self, unit: Unit) -> Run:
        """The value is requests per second, or the median latency for "ms"."""
        value = self.per_second if unit == "/s" else self.median_ms
        return Run(value=value, operations=self.requests, details={"p99 ms": self.p99_ms})


def generator() -> str:
    return "wrk" if WRK.path() else "own"


def side(
    name: str, request: MakeRequest, cpu: Mapping[str, CpuSeconds], *, unit: Unit = "/s", clients: int = 1
) -> Side:
    """Return a side that measures requests per second, or the median latency for "ms".

    `request` is called before each measurement.
    """
    seconds = SECONDS if clients == 1 else 2 * SECONDS

    def prepare() -> Callable[[], Run]:
        prepared = request()
        return lambda: run(prepared, clients=clients, seconds=seconds).as_run(unit)

    return Side(name=name, unit=unit, cpu=cpu, prepare=prepare)


def run(request: Request, *, clients: int, seconds: float) -> LoadResult:
    """Send on `clients` keep-alive connections.

    Raises AssertionError if a request was refused, RuntimeError if the load generator failed.
    """
    with tempfile.TemporaryDirectory(prefix="port-load-") as folder:
        command = _wrk if clients == 1 and WRK.path() else _own
        with _started(command(request, Path(folder) / "task", clients=clients, seconds=seconds)) as process:
            return _result(process)


class Running:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def stop(self) -> LoadResult:
        """Stop sending and wait for the remaining answers. Raises the errors of `run`."""
        self._process.terminate()
        return _result(self._process)


@contextmanager
def running(request: Request, *, clients: int) -> Iterator[Running]:
    """Run a load during the with block, which calls `stop` for the result."""
    with tempfile.TemporaryDirectory(prefix="port-load-") as folder:
        task = Path(folder) / "task"
        with _started(_own(request, task, clients=clients, seconds=_UNTIL_STOPPED)) as process:
            yield Running(process)


@contextmanager
def _started(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _result(process: "subprocess.Popen[str]") -> LoadResult:
    output, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load generator failed: {errors[-1000:]}")
    result = LoadResult(**json.loads(output.splitlines()[-1]))
    assert result.refused == 0, f"{result.refused} requests were refused"  # refusals would distort the rate
    return result


def _wrk(request: Request, task: Path, *, clients: int, seconds: float) -> list[str]:
    task.write_text("\n".join(request.bodies))
    headers = [f"--header={name}: {value}" for name, value in request.headers.items()]
    # wrk accepts whole seconds only.
    return [
        str(WRK.path()), "--threads=1", f"--connections={clients}", f"--duration={max(1, round(seconds))}s",
        "--timeout=30s", f"--script={_SCRIPT}", *headers, request.url, "--", request.method, str(task),
    ]  # fmt: skip


def _own(request: Request, task: Path, *, clients: int, seconds: float) -> list[str]:
    task.write_text(json.dumps({**asdict(request), "clients": clients, "seconds": seconds}))
    return [sys.executable, str(Path(__file__).with_name("load_generator.py")), str(task)]

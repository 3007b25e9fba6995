"""Measures idle CPU time and memory of processes, and how long they take to start."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench import http_load
from tests.bench.cpu_and_memory import cpu_seconds
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, at_most, detail
from tests.bench.logins_and_sessions import CLIENTS
from tests.bench.measured_process import Process
from tests.bench.smtp_sink import start_sink
from tests.bench.time_slots import Run, Side
from tests.bench.web_server import Web
from tests.support.harness.local_run import LocalRun

_SETTLE_SECONDS = 4
_IDLE_SECONDS = 6
_LOAD_SECONDS = 4
_POLL_SECONDS = 0.2


def idle_and_memory(environment: Environment) -> Iterator[Figure]:
    """Measure each kind of process while no other kind runs, because processes share memory."""
    database = environment.small_database
    with environment.serving(database) as web:
        http_load.run(web.registrations(20), clients=1, seconds=1)
        yield from _idle(environment, "web processes", web.process, max_percent=1.0, max_mib=100)
        busy = Side(name="under logins", unit="MiB", prepare=lambda: lambda: _memory_under_logins(web))
        slots = environment.measure(busy, quiet_slots=3)
    yield Figure(
        name="web processes, 8 clients log in: memory (PSS)", slots=slots, unit="MiB", goal=at_most(260)
    )
    with start_sink() as smtp_port, environment.redis() as redis:
        with environment.relay(database, redis) as relay:
            yield from _idle(environment, "relay", relay, max_percent=1.0, max_mib=50)
        with environment.mailer(redis, smtp_port) as mailer:
            yield from _idle(environment, "mailer", mailer, max_percent=3.0)


def _idle(
    environment: Environment, name: str, process: Process, *, max_percent: float, max_mib: float | None = None
) -> Iterator[Figure]:
    time.sleep(_SETTLE_SECONDS)
    side = Side(name=name, unit="MiB", prepare=lambda: partial(_rest, process))
    slots = environment.measure(side, quiet_slots=3)
    goal = at_most(max_mib) if max_mib else None
    yield Figure(name=f"{name}, idle: memory (PSS)", slots=slots, unit="MiB", goal=goal)
    yield Figure(
        name=f"{name}, idle: share of a core",
        slots=slots, value=detail("% of a core"), unit="%", goal=at_most(max_percent),
    )  # fmt: skip


def _rest(process: Process) -> Run:
    before, began = process.cpu_seconds(), time.perf_counter()
    time.sleep(_IDLE_SECONDS)
    share = (process.cpu_seconds() - before) / (time.perf_counter() - began)
    return Run(value=process.pss_mib(), details={"% of a core": share * 100})


def _memory_under_logins(web: Web) -> Run:
    highest, until = 0.0, time.perf_counter() + _LOAD_SECONDS
    with http_load.running(web.logins(), clients=CLIENTS) as logins:
        while time.perf_counter() < until:
            time.sleep(_POLL_SECONDS)
            highest = max(highest, web.process.pss_mib())
        result = logins.stop()
    return Run(value=highest, details={"logins /s": result.per_second, "p99 ms": result.p99_ms})


def starts(environment: Environment) -> Iterator[Figure]:
    """Measure the start of the web processes to the first answer, and of a warm `make run` to its ready message."""
    web = Side(name="web processes", unit="s", prepare=lambda: partial(_web_start, environment))
    slots = environment.measure(web)
    yield Figure(
        name="start of the web processes to the first answer", slots=slots, unit="s", goal=at_most(0.8)
    )
    _local_run(environment.directory)  # the first start creates keys and databases
    everything = Side(name="make run", unit="s", prepare=lambda: partial(_local_run, environment.directory))
    slots = environment.measure(everything, quiet_slots=3)
    yield Figure(name="`make run`, warm, to ready", slots=slots, unit="s", goal=at_most(3))


def _web_start(environment: Environment) -> Run:
    with environment.serving(environment.small_database, ready="/readyz") as web:
        seconds = time.perf_counter() - web.process.started_at
        return Run(value=seconds, details={"CPU s": web.process.cpu_seconds()})


def _local_run(directory: Path) -> Run:
    began = time.perf_counter()
    copy = LocalRun(directory / "copy")
    try:
        copy.wait_for("Ready after")
        return Run(value=time.perf_counter() - began, details={"CPU s": cpu_seconds(copy.pid)})
    finally:
        copy.stop()
        copy.destroy()

"""The processes' idle CPU, memory and time to the first response."""

import statistics
import time
from collections.abc import Iterator, Mapping

from tests.bench import load
from tests.bench.environment import Environment, Web
from tests.bench.figures import Figure, Goal
from tests.bench.processes import Process, pss_mib

_SETTLE_SECONDS = 4
_IDLE_SECONDS = 20
_STARTS = 5
_IDLE_GOALS = {"web": 1.0, "relay": 1.0, "mailer": 3.0}


def idle_and_memory(stand: Environment) -> Iterator[Figure]:
    """Measure idle CPU and PSS of each process, and the cold start."""
    database = stand.small_database
    with (
        stand.sink() as sink,
        stand.redis() as redis,
        stand.relay(database, redis) as relay,
        stand.mailer(redis, sink.port) as mailer,
        stand.serving(database) as web,
    ):
        load.run(web.registrations(20), clients=1, seconds=1)  # warm up
        time.sleep(_SETTLE_SECONDS)
        processes = {"web": web.process, "relay": relay, "mailer": mailer}
        yield from _idle(processes)
        yield from _memory(processes)
        yield from _memory_under_load(web)
    yield _cold_start(stand)


def _idle(processes: Mapping[str, Process]) -> Iterator[Figure]:
    before = {name: process.cpu_seconds() for name, process in processes.items()}
    began = time.perf_counter()
    time.sleep(_IDLE_SECONDS)
    spent = time.perf_counter() - began
    for name, process in processes.items():
        share = (process.cpu_seconds() - before[name]) / spent * 100
        yield Figure(
            name=f"idle {name}, of a core", measured=share, unit="%", goal=Goal("most", _IDLE_GOALS[name])
        )


def _memory(processes: Mapping[str, Process]) -> Iterator[Figure]:
    web = processes["web"]
    workers = [pss_mib([pid]) for pid in web.children()]
    yield Figure(name="memory of an identity worker (PSS)", measured=statistics.mean(workers), unit="MiB")
    yield Figure(
        name="memory of all web processes, idle (PSS)",
        measured=pss_mib([web.pid, *web.children()]), unit="MiB", goal=Goal("most", 120),
    )  # fmt: skip
    for name in ("relay", "mailer"):
        process = processes[name]
        yield Figure(
            name=f"memory of the {name} (PSS)",
            measured=pss_mib([process.pid, *process.children()]),
            unit="MiB",
        )


def _memory_under_load(web: Web) -> Iterator[Figure]:
    highest = 0.0
    with load.running(web.logins(), clients=8, seconds=4):
        for _ in range(15):
            time.sleep(0.2)
            highest = max(highest, pss_mib([web.process.pid, *web.process.children()]))
    yield Figure(
        name="memory of all web processes, 8 clients log in (PSS)",
        measured=highest, unit="MiB", goal=Goal("most", 260),
    )  # fmt: skip


def _cold_start(stand: Environment) -> Figure:
    times = []
    for _ in range(_STARTS):
        with stand.serving(stand.small_database, ready="/readyz") as web:
            times.append(time.perf_counter() - web.process.started_at)
    return Figure(
        name="cold start of the web processes to the first answer",
        measured=statistics.median(times), unit="s", goal=Goal("most", 1),
    )  # fmt: skip

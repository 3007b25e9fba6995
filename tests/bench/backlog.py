"""Compares a backlog of 100,000 events with one of 10,000: the time per event and the memory should not grow."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from identity.adapters.sql.engine import open_engine
from port_events.keys import KeySets
from sqlalchemy import Engine, text

from tests.bench.argon2_alone import CORES
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure
from tests.bench.measured_process import Process
from tests.bench.smtp_sink import start_sink
from tests.bench.stream_entries import Fields, sealed_entries
from tests.bench.time_slots import Run, Side, Slot

FEW, MANY = 10_000, 100_000
_SEALED_AT_ONCE = 1_000
_POLL_SECONDS = 0.5
_MAX_SECONDS = 600
_INSERT = (
    "COPY outbox (event_id, type, subject, ce, sealed, created_at, mail_state, mail_expires_at) FROM STDIN"
)
_UNFINISHED = text("SELECT 1 FROM outbox WHERE sealed IS NOT NULL LIMIT 1")


@dataclass(frozen=True, slots=True)
class DrainResult:
    """Seconds from the commit until no row has sealed content, and each process' maximum PSS in that time."""

    seconds: float
    max_mib: Mapping[str, float]


def drain_backlog(environment: Environment) -> Iterator[Figure]:
    """Measure one relay and two mailers, from the outbox to SMTP and back to the outbox."""
    database = environment.database(members=1)
    with (
        start_sink() as smtp_port,
        environment.redis() as redis,
        environment.relay(database, redis) as relay,
        environment.mailer(redis, smtp_port) as one,
        environment.mailer(redis, smtp_port) as another,
    ):
        processes = {"relay": relay, "mailer": one, "other mailer": another}
        _drain(database, _entries(1_000, environment.keys), processes)  # warm up
        cpu = environment.cpu_of(redis=redis, relay=relay, mailer=one, other_mailer=another)
        few, many = (
            Side(
                name=f"{count:,} events", unit="ms", cpu=cpu,
                prepare=partial(_prepare, environment, database, processes, count),
            )
            for count in (FEW, MANY)
        )  # fmt: skip
        slots = environment.measure(many, few, quiet_slots=1)
    yield Figure(name="time per event with a backlog of 100,000 ÷ with 10,000", slots=slots)
    for name in ("relay", "mailer"):
        yield Figure(
            name=f"{name}: maximum memory with 100,000 ÷ with 10,000", slots=slots, value=_memory_ratio(name)
        )


def _prepare(
    environment: Environment, database: str, processes: Mapping[str, Process], count: int
) -> Callable[[], Run]:
    entries = _entries(count, environment.keys)

    def drain() -> Run:
        result = _drain(database, entries, processes)
        details = {f"{name} MiB": mib for name, mib in result.max_mib.items()}
        return Run(value=result.seconds / count * 1000, operations=count, details=details)

    return drain


def _memory_ratio(name: str) -> Callable[[Slot], float]:
    def ratio(slot: Slot) -> float:
        assert slot.baseline, "the smaller backlog was not measured"
        return slot.product.details[f"{name} MiB"] / slot.baseline.details[f"{name} MiB"]

    return ratio


def _entries(count: int, keys: KeySets) -> list[Fields]:
    """Seal payloads on all cores, because one payload takes a millisecond."""
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        sizes = [_SEALED_AT_ONCE] * (count // _SEALED_AT_ONCE)
        return list(chain.from_iterable(pool.imap(partial(sealed_entries, keys=keys), sizes)))


def _drain(database: str, entries: Sequence[Fields], processes: Mapping[str, Process]) -> DrainResult:
    engine = open_engine(database)
    try:
        _commit(engine, entries)
        began, highest = time.perf_counter(), _memory(processes)
        while _has_sealed_content(engine):
            assert time.perf_counter() - began < _MAX_SECONDS, "the backlog was not processed in time"
            time.sleep(_POLL_SECONDS)
            highest = {name: max(highest[name], now) for name, now in _memory(processes).items()}
        return DrainResult(time.perf_counter() - began, highest)
    finally:
        engine.dispose()


def _commit(engine: Engine, entries: Sequence[Fields]) -> None:
    """Insert all events in one transaction, so that the relay sees all of them together."""
    with engine.begin() as connection:
        now = connection.scalar(text("SELECT now()"))
        expiry = connection.scalar(text("SELECT now() + interval '24 hours'"))
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor().copy(_INSERT) as copy:
            for fields in entries:
                event_id = fields["ce"].partition('"id":"')[2].partition('"')[0]
                copy.write_row(
                    (event_id, fields["type"], "0", fields["ce"], fields["sealed"], now, "waiting", expiry)
                )


def _has_sealed_content(engine: Engine) -> bool:
    """Return whether the outbox still has sealed content, which a receipt or the expiry deletes."""
    with engine.connect() as connection:
        return connection.scalar(_UNFINISHED) is not None


def _memory(processes: Mapping[str, Process]) -> dict[str, float]:
    return {name: process.pss_mib() for name, process in processes.items()}

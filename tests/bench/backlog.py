"""A backlog of 100,000 events against one of 10,000: time per event and memory should be equal."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from identity.adapters.sql.engine import open_engine
from port_events.keys import KeySets
from sqlalchemy import Engine, text

from tests.bench.argon2 import CORES
from tests.bench.entries import Fields, sealed_entries
from tests.bench.environment import Environment
from tests.bench.figures import Figure
from tests.bench.processes import Process, pss_mib

FEW, MANY = 10_000, 100_000
_SEALED_AT_ONCE = 1_000
_POLL_SECONDS = 0.5
_MAX_SECONDS = 600
_INSERT = (
    "COPY outbox (event_id, type, subject, ce, sealed, created_at, mail_state, mail_expires_at) FROM STDIN"
)
_OPEN = text("SELECT 1 FROM outbox WHERE sealed IS NOT NULL LIMIT 1")


@dataclass(frozen=True, slots=True)
class DrainResult:
    """Seconds from the commit to the last recorded receipt, and each process' maximum PSS in that time."""

    seconds: float
    max_mib: Mapping[str, float]


def drain_backlog(stand: Environment) -> Iterator[Figure]:
    """Drain a backlog from the outbox to SMTP with one relay and two mailers."""
    database = stand.database(members=1)
    with (
        stand.sink() as sink,
        stand.redis() as redis,
        stand.relay(database, redis) as relay,
        stand.mailer(redis, sink.port) as one,
        stand.mailer(redis, sink.port) as another,
    ):
        processes = {"relay": relay, "mailer": one, "other mailer": another}
        _drain(database, _entries(1_000, stand.keys), processes)  # warm up
        at_first = _memory(processes)
        few = _drain(database, _entries(FEW, stand.keys), processes)
        many = _drain(database, _entries(MANY, stand.keys), processes)
        again = _drain(database, _entries(FEW, stand.keys), processes)
    few_seconds = (few.seconds + again.seconds) / 2  # before and after, to average out other load
    yield Figure(
        name="backlog of 100,000: time for each event, of 10,000's",
        measured=(many.seconds / MANY) / (few_seconds / FEW),
        parts={
            "10,000 s": few_seconds, "100,000 s": many.seconds, "/s": MANY / many.seconds, "sink": sink.kind,
        },
    )  # fmt: skip
    for name in ("relay", "mailer"):
        yield Figure(
            name=f"its {name}'s highest memory, of 10,000's (PSS)",
            measured=many.max_mib[name] / few.max_mib[name],
            parts={
                "before MiB": at_first[name],
                "10,000 MiB": few.max_mib[name],
                "100,000 MiB": many.max_mib[name],
            },
        )


def _entries(count: int, keys: KeySets) -> list[Fields]:
    """Seal on all cores: one payload takes a millisecond."""
    with multiprocessing.get_context("spawn").Pool(CORES) as pool:
        sizes = [_SEALED_AT_ONCE] * (count // _SEALED_AT_ONCE)
        return list(chain.from_iterable(pool.imap(partial(sealed_entries, keys=keys), sizes)))


def _drain(database: str, entries: Sequence[Fields], processes: Mapping[str, Process]) -> DrainResult:
    engine = open_engine(database)
    try:
        _commit(engine, entries)
        began, highest = time.perf_counter(), _memory(processes)
        while _is_open(engine):
            assert time.perf_counter() - began < _MAX_SECONDS, "the backlog does not drain"
            time.sleep(_POLL_SECONDS)
            highest = {name: max(highest[name], now) for name, now in _memory(processes).items()}
        return DrainResult(time.perf_counter() - began, highest)
    finally:
        engine.dispose()


def _commit(engine: Engine, entries: Sequence[Fields]) -> None:
    """Insert all events in one transaction, so that the relay sees them at once."""
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


def _is_open(engine: Engine) -> bool:
    """Whether a mail has no recorded receipt yet."""
    with engine.connect() as connection:
        return connection.scalar(_OPEN) is not None


def _memory(processes: Mapping[str, Process]) -> dict[str, float]:
    return {name: pss_mib([each.pid, *each.children()]) for name, each in processes.items()}

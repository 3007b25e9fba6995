"""The latency of a mail and the throughput of the relay."""

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.tables import outbox
from port_events.envelope import MAIL_STREAM, STREAM
from sqlalchemy import Engine, func, insert

from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, at_least, at_most, detail, percentile
from tests.bench.mail_arrivals import Arrivals, recording_arrivals
from tests.bench.stream_entries import Fields, add_pipelined, sealed_entries
from tests.bench.time_slots import Run, Side
from tests.bench.web_server import Web
from tests.support.harness.polling import wait_until

if TYPE_CHECKING:
    from redis import Redis

_REGISTRATIONS = 100
_WARM_UP = 5
_MAX_PAUSE_SECONDS = 0.08
_EVENTS = 20_000
_ROWS_AT_ONCE = 500


def mail_latency(environment: Environment) -> Iterator[Figure]:
    """Measure from the 202 of a registration to the arrival of its mail at the SMTP server, on an idle system."""
    database = environment.database(members=1)
    with (
        recording_arrivals() as arrivals,
        environment.redis() as redis,
        environment.relay(database, redis) as relay,
        environment.mailer(redis, arrivals.port) as mailer,
        environment.serving(database) as web,
    ):
        _mails(web, arrivals, count=_WARM_UP)
        side = Side(
            name="mails", unit="ms", prepare=lambda: lambda: _mails(web, arrivals, count=_REGISTRATIONS),
            cpu=environment.cpu_of(redis=redis, service=web.process, relay=relay, mailer=mailer),
        )  # fmt: skip
        slots = environment.measure(side, quiet_slots=3)
    yield Figure(name="registration's 202 to its mail: median", slots=slots, unit="ms", goal=at_most(60))
    yield Figure(
        name="registration's 202 to its mail: 99th percentile",
        slots=slots, value=detail("p99 ms"), unit="ms", goal=at_most(250),
    )  # fmt: skip


def _mails(web: Web, arrivals: Arrivals, *, count: int) -> Run:
    waits, rng = [], random.Random(1)
    with httpx.Client(timeout=30) as client:
        for body in web.registrations(count).bodies:
            sent = json.loads(body)
            answer = client.post(f"{web.api}/accounts", json=sent)
            answered = time.perf_counter()
            assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
            waits.append(max(0.0, arrivals.wait_for(sent["email"]) - answered) * 1000)
            time.sleep(rng.random() * _MAX_PAUSE_SECONDS)  # the system is idle between registrations
    tail = {"p99 ms": percentile(waits, 0.99)}
    return Run(value=statistics.median(waits), operations=count, details=tail)


def relay_throughput(environment: Environment) -> Iterator[Figure]:
    """Measure events per second of the relay, which writes two streams, against pipelined XADD to one stream."""
    entries = sealed_entries(1000, environment.keys) * (_EVENTS // 1000)
    database = environment.database(members=1)
    engine = open_engine(database)
    with (
        environment.redis() as redis,
        redis.client() as client,
        environment.relay(database, redis) as relay,
    ):
        _prepare_relay(engine, client, entries[:1000])()
        product = Side(
            name="relay", unit="/s", prepare=lambda: _prepare_relay(engine, client, entries),
            cpu=environment.cpu_of(redis=redis, service=relay),
        )  # fmt: skip
        baseline = Side(
            name="XADD", unit="/s", prepare=lambda: _prepare_adding(client, entries),
            cpu={"Python": time.process_time, **environment.cpu_of(redis=redis)},
        )  # fmt: skip
        slots = environment.measure(product, baseline)
    engine.dispose()
    yield Figure(name="relay: events per second ÷ pipelined XADD", slots=slots, goal=at_least(0.08))


def _prepare_adding(client: "Redis", entries: Sequence[Fields]) -> Callable[[], Run]:
    _empty(client)

    def add() -> Run:
        began = time.perf_counter()
        add_pipelined(client, entries)
        return Run(value=len(entries) / (time.perf_counter() - began), operations=len(entries))

    return add


def _prepare_relay(engine: Engine, client: "Redis", entries: Sequence[Fields]) -> Callable[[], Run]:
    """Insert the events; the relay sees them when the returned function commits."""
    _empty(client)
    connection = engine.connect()
    rows = [
        {
            "event_id": func.gen_random_uuid(), "type": fields["type"], "subject": "0", "ce": fields["ce"],
            "sealed": fields["sealed"], "created_at": func.now(), "mail_state": "waiting",
        }
        for fields in entries
    ]  # fmt: skip
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(insert(outbox).values(rows[start : start + _ROWS_AT_ONCE]))

    def relay() -> Run:
        began = time.perf_counter()
        connection.commit()
        wait_until(lambda: client.xlen(STREAM) >= len(rows), what="the relay", timeout_seconds=300)
        seconds = time.perf_counter() - began
        connection.close()
        return Run(value=len(rows) / seconds, operations=len(rows))

    return relay


def _empty(client: "Redis") -> None:
    """Trim all entries but keep the streams: without them the relay would publish earlier events again."""
    for stream in (STREAM, MAIL_STREAM):
        client.xtrim(stream, maxlen=0, approximate=False)

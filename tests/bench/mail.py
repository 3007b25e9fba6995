"""The latency of a mail, the throughput of the relay and that of the mailer."""

import json
import random
import smtplib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import httpx
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.tables import outbox
from mailer.adapters.renderer import TemplateRenderer
from mailer.adapters.smtp.message import MessageBuilder
from mailer.domain.mail import Mail, Mailbox
from mailer.domain.mail_catalogue import mail_kind_for
from port_events.envelope import MAIL_STREAM, RECEIPTS, STREAM
from sqlalchemy import Engine, func, insert

from tests.bench.arrivals import Arrivals, recording_arrivals
from tests.bench.entries import PUBLIC_URL, Fields, add_pipelined, mail_payloads, sealed_entries
from tests.bench.environment import Environment, Web
from tests.bench.figures import Figure, Goal, interleaved, percentile
from tests.support.harness.waiting import wait_until

if TYPE_CHECKING:
    from redis import Redis

_REGISTRATIONS = 150
_MAX_PAUSE_SECONDS = 0.08
_EVENTS = 20_000
_MAILS = 3_000
_SLOTS = 5
_SENDER = Mailbox("hep@example.tw", "港區通行證應用管理系統工作小組")


def mail_latency(stand: Environment) -> Iterator[Figure]:
    """Time from a registration's 202 to the mail's arrival at the SMTP server, on an idle system."""
    database = stand.database(members=1)
    with (
        recording_arrivals() as arrivals,
        stand.redis() as redis,
        stand.relay(database, redis),
        stand.mailer(redis, arrivals.port),
        stand.serving(database) as web,
    ):
        waits = _waits_ms(web, arrivals)
    parts: dict[str, float | str] = {"mails": float(len(waits)), "longest ms": max(waits)}
    for share, name, bound in ((0.5, "median", 60), (0.99, "99th percentile", 250)):
        measured = percentile(waits, share)
        yield Figure(
            name=f"registration's 202 to its mail's arrival: {name}",
            measured=measured, unit="ms", goal=Goal("most", bound), parts=parts,
        )  # fmt: skip
        parts = {}


def _waits_ms(web: Web, arrivals: Arrivals) -> list[float]:
    waits = []
    chance = random.Random(1)
    with httpx.Client(timeout=30) as client:
        for body in web.registrations(_REGISTRATIONS + 5).bodies:
            sent = json.loads(body)
            answer = client.post(f"{web.api}/accounts", json=sent)
            answered = time.perf_counter()
            assert answer.status_code == 202, answer.text
            waits.append(max(0.0, arrivals.wait_for(sent["email"]) - answered) * 1000)
            time.sleep(chance.random() * _MAX_PAUSE_SECONDS)  # idle between registrations
    return waits[5:]  # the first ones open connections


def relay_throughput(stand: Environment) -> Iterator[Figure]:
    """Events per second through the relay against pipelined XADD of the same entries."""
    entries = sealed_entries(1000, stand.keys) * (_EVENTS // 1000)
    database = stand.database(members=1)
    engine = open_engine(database)
    with stand.redis() as redis, redis.client() as client, stand.relay(database, redis):
        _relay(engine, client, entries[:1000])
        pair = interleaved(
            lambda: _add(client, entries), lambda: _relay(engine, client, entries), slots=_SLOTS
        )
    engine.dispose()
    yield Figure(
        name="relay: events a second, of pipelined XADD",
        measured=pair.ratio,
        goal=Goal("least", 0.08),
        parts={"XADD /s": pair.limit, "relay /s": pair.median},
    )


def _empty(client: "Redis") -> None:
    """Trim all entries but keep the stream: the relay publishes again when the stream is missing."""
    for stream in (STREAM, MAIL_STREAM):
        client.xtrim(stream, maxlen=0, approximate=False)


def _add(client: "Redis", entries: Sequence[Fields]) -> float:
    _empty(client)
    began = time.perf_counter()
    add_pipelined(client, entries)
    return len(entries) / (time.perf_counter() - began)


def _relay(engine: Engine, client: "Redis", entries: Sequence[Fields]) -> float:
    _empty(client)
    rows = [
        {
            "event_id": func.gen_random_uuid(), "type": fields["type"], "subject": "0", "ce": fields["ce"],
            "sealed": fields["sealed"], "created_at": func.now(), "mail_state": "waiting",
        }
        for fields in entries
    ]  # fmt: skip
    with engine.begin() as connection:
        for start in range(0, len(rows), 500):
            connection.execute(insert(outbox).values(rows[start : start + 500]))
        began = time.perf_counter()
    wait_until(lambda: client.xlen(STREAM) >= len(rows), what="the relay", timeout_seconds=60)
    return len(rows) / (time.perf_counter() - began)


def mailer_throughput(stand: Environment) -> Iterator[Figure]:
    """Mails per second of one mailer, stream to SMTP, against a plain loop to the same sink."""
    with (
        stand.sink() as sink,
        stand.redis() as redis,
        redis.client() as client,
        stand.mailer(redis, sink.port),
    ):
        mail_all(client, sealed_entries(300, stand.keys))
        pair = interleaved(
            lambda: _plain_loop(sink.port, _MAILS),
            lambda: mail_all(client, sealed_entries(_MAILS, stand.keys)),
            slots=_SLOTS,
        )
    yield Figure(
        name="mailer: mails a second, of a bare loop",
        measured=pair.ratio,
        goal=Goal("least", 0.45),
        parts={"bare loop /s": pair.limit, "mailer /s": pair.median, "sink": sink.kind},
    )


def mail_all(client: "Redis", entries: Sequence[Fields]) -> float:
    """Add all entries to the stream and wait for all receipts; return mails per second."""
    client.delete(RECEIPTS)
    began = time.perf_counter()
    add_pipelined(client, entries)
    wait_until(lambda: client.xlen(RECEIPTS) >= len(entries), what="the mailers", timeout_seconds=120)
    return len(entries) / (time.perf_counter() - began)


def _plain_loop(port: int, count: int) -> float:
    """Render with the product's templates, build with its MIME writer, send over one connection."""
    renderer = TemplateRenderer(sender_name=_SENDER.name, public_url=PUBLIC_URL, can_reply=False)
    stationery = MessageBuilder(sender=_SENDER)
    asked = list(mail_payloads(count))
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.ehlo()
        began = time.perf_counter()
        for event, letter in asked:
            rendered = renderer.render(mail_kind_for(event.type, event.data), letter)
            mail = Mail(
                event_id=event.id,
                to=Mailbox(letter.address, letter.name),
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                date=letter.issued_at,
            )
            smtp.sendmail(_SENDER.address, letter.address, stationery.build(mail))
        return count / (time.perf_counter() - began)

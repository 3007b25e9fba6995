"""Compares mailers, from the stream to the receipts, with an smtplib loop, a plain dramatiq actor and smtp-source."""

import smtplib
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from mailer.adapters.renderer import CommonValues, TemplateRenderer
from mailer.adapters.smtp.message import MessageBuilder
from mailer.domain.mail import Mail, Mailbox
from mailer.domain.mail_kinds import mail_kind_for
from port_events.envelope import RECEIPTS

from tests.bench import plain_dramatiq_actor
from tests.bench.cpu_and_memory import cpu_seconds
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, at_least, product
from tests.bench.measured_process import Process
from tests.bench.smtp_sink import start_sink
from tests.bench.stream_entries import PUBLIC_URL, Fields, add_pipelined, mail_payloads, sealed_entries
from tests.bench.time_slots import Run, Side
from tests.support.harness.polling import wait_until
from tests.support.servers.optional_programs import OptionalProgram
from tests.support.servers.redis import RedisServer

if TYPE_CHECKING:
    from dramatiq import Message
    from redis import Redis

SMTP_SOURCE = OptionalProgram(
    ("smtp-source", "/usr/sbin/smtp-source"), "mails of smtp-source", "apt-get install -y postfix"
)
_PROCESSES = 2
_THREADS = 8
_MAILS = 3_000
_WARM_UP = 2_000
_NUMBERS = (1, 2, 4)
_PIPELINED = 100
_MESSAGE_BYTES = 6_000
_SENDER = Mailbox("hep@example.tw", "港區通行證應用管理系統工作小組")


class Mailers:
    def __init__(self, environment: Environment, redis: RedisServer, client: "Redis") -> None:
        self.redis = redis
        self.client = client
        self._environment = environment
        self._processes: list[Process] = []

    def start(self, stack: ExitStack, number: int, *, smtp_port: int) -> None:
        """Start mailers, which the stack ends, and warm them up."""
        self._processes = [
            stack.enter_context(self._environment.mailer(self.redis, smtp_port)) for _ in range(number)
        ]
        self._prepare(_WARM_UP)()

    def side(self) -> Side:
        pids = [process.pid for process in self._processes]
        cpu = {"service": partial(cpu_seconds, *pids), "Redis": partial(cpu_seconds, self.redis.pid)}
        name = "mailer" if len(pids) == 1 else f"{len(pids)} mailers"
        return Side(name=name, unit="/s", prepare=lambda: self._prepare(_MAILS), cpu=cpu)

    def _prepare(self, count: int) -> Callable[[], Run]:
        entries = sealed_entries(count, self._environment.keys)
        self.client.delete(RECEIPTS)
        return lambda: self._send(entries)

    def _send(self, entries: Sequence[Fields]) -> Run:
        began, count = time.perf_counter(), len(entries)
        add_pipelined(self.client, entries)
        wait_until(lambda: self.client.xlen(RECEIPTS) >= count, what="the mailers", timeout_seconds=300)
        return Run(value=count / (time.perf_counter() - began), operations=count)


@contextmanager
def _mailers(environment: Environment) -> Iterator[Mailers]:
    with environment.redis() as redis, redis.client() as client:
        yield Mailers(environment, redis, client)


def against_a_plain_loop(environment: Environment) -> Iterator[Figure]:
    with start_sink() as smtp_port, _mailers(environment) as mailers, ExitStack() as stack:
        mailers.start(stack, 1, smtp_port=smtp_port)
        baseline = Side(
            name="plain loop", unit="/s", prepare=lambda: lambda: _plain_loop(smtp_port, _MAILS),
            cpu={"Python": time.process_time},
        )  # fmt: skip
        slots = environment.measure(mailers.side(), baseline)
    yield Figure(name="mailer: mails per second ÷ smtplib loop", slots=slots, goal=at_least(0.45))


def _plain_loop(port: int, count: int) -> Run:
    """Render and build each mail with the product's code, and send it over one connection."""
    renderer = TemplateRenderer(CommonValues(sender=_SENDER.name, public_url=PUBLIC_URL, can_reply=False))
    builder = MessageBuilder(sender=_SENDER)
    payloads = list(mail_payloads(count))
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.ehlo()
        began = time.perf_counter()
        for event, payload in payloads:
            rendered = renderer.render(mail_kind_for(event.type, event.data), payload)
            mail = Mail(
                event_id=event.id,
                to=Mailbox(payload.address, payload.name),
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                date=payload.issued_at,
            )
            smtp.sendmail(_SENDER.address, payload.address, builder.build(mail))
        return Run(value=count / (time.perf_counter() - began), operations=count)


def against_a_plain_actor(environment: Environment) -> Iterator[Figure]:
    """Measure mails per second of 2 mailers against 2 dramatiq processes that run a plain actor."""
    messages = _plain_messages(_MAILS)
    with start_sink() as smtp_port, _mailers(environment) as mailers, ExitStack() as stack:
        mailers.start(stack, _PROCESSES, smtp_port=smtp_port)
        workers = stack.enter_context(_plain_workers(environment, mailers.redis, smtp_port))
        _send_plain(mailers.client, messages[:_WARM_UP])
        baseline = Side(
            name="plain actor", unit="/s", prepare=lambda: lambda: _send_plain(mailers.client, messages),
            cpu={"workers": workers.cpu_seconds, "Redis": partial(cpu_seconds, mailers.redis.pid)},
        )  # fmt: skip
        slots = environment.measure(mailers.side(), baseline)
    yield Figure(name="2 mailers: mails per second ÷ plain dramatiq actors", slots=slots, goal=at_least(0.9))
    yield Figure(
        name="2 mailers: mails per second", slots=slots, value=product, unit="/s", goal=at_least(900)
    )


@contextmanager
def _plain_workers(environment: Environment, redis: RedisServer, smtp_port: int) -> Iterator[Process]:
    settings = {
        plain_dramatiq_actor.REDIS_URL: redis.socket_url,
        plain_dramatiq_actor.SMTP_PORT: str(smtp_port),
    }
    arguments = ["--processes", str(_PROCESSES), "--threads", str(_THREADS), plain_dramatiq_actor.__name__]
    with environment.process("dramatiq", *arguments, **settings) as process:
        process.wait_for("ready for action")
        yield process


def _plain_messages(count: int) -> list["Message[None]"]:
    """Return messages for the plain actor: mails of the same kind, already rendered."""
    renderer = TemplateRenderer(
        CommonValues(sender=plain_dramatiq_actor.SENDER, public_url=PUBLIC_URL, can_reply=False)
    )
    messages = []
    for event, payload in mail_payloads(count):
        mail = renderer.render(mail_kind_for(event.type, event.data), payload)
        message = plain_dramatiq_actor.send.message(
            payload.address, payload.name, mail.subject, mail.text, mail.html
        )
        messages.append(message.copy(options={"redis_message_id": message.message_id}))
    return messages


def _send_plain(client: "Redis", messages: Sequence["Message[None]"]) -> Run:
    """Enqueue messages as dramatiq's dispatch.lua does, in pipelines of a hundred; wait for all acknowledgements."""
    queue, count = f"dramatiq:{plain_dramatiq_actor.QUEUE}", len(messages)
    began = time.perf_counter()
    for start in range(0, count, _PIPELINED):
        part: Any = {message.message_id: message.encode() for message in messages[start : start + _PIPELINED]}
        pipeline = client.pipeline(transaction=True)
        pipeline.hset(f"{queue}.msgs", mapping=part)
        pipeline.rpush(queue, *part)
        pipeline.execute()
    wait_until(lambda: not client.hlen(f"{queue}.msgs"), what="the plain actor", timeout_seconds=300)
    return Run(value=count / (time.perf_counter() - began), operations=count)


def in_numbers(environment: Environment) -> Iterator[Figure]:
    """Measure mails per second of 1, 2 and 4 mailers against smtp-source with 16 connections, where installed."""
    program = SMTP_SOURCE.path()
    with start_sink() as smtp_port:
        source = Side(
            name="smtp-source", unit="/s", prepare=lambda: lambda: _smtp_source(str(program), smtp_port)
        )
        for number in _NUMBERS:
            with _mailers(environment) as mailers, ExitStack() as stack:
                mailers.start(stack, number, smtp_port=smtp_port)
                slots = environment.measure(mailers.side(), source if program else None, quiet_slots=2)
            yield Figure(name=f"mails per second (mailers: {number})", slots=slots, value=product, unit="/s")


def _smtp_source(program: str, port: int) -> Run:
    connections = str(_PROCESSES * _THREADS)
    arguments = ["-s", connections, "-d", "-m", str(_MAILS), "-l", str(_MESSAGE_BYTES), f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run([program, *arguments], check=True, timeout=120, stderr=subprocess.DEVNULL)
    return Run(value=_MAILS / (time.perf_counter() - began), operations=_MAILS)

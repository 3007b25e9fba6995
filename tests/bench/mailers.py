"""Several mailers against a plain dramatiq actor, against other numbers of mailers and against smtp-source."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from mailer.adapters.renderer import TemplateRenderer
from mailer.domain.mail_catalogue import mail_kind_for

from tests.bench import plain_actor
from tests.bench.entries import PUBLIC_URL, mail_payloads, sealed_entries
from tests.bench.environment import Environment
from tests.bench.figures import Figure, Goal, interleaved
from tests.bench.mail import mail_all
from tests.bench.processes import Process
from tests.support.harness.waiting import wait_until
from tests.support.servers.programs import OptionalProgram
from tests.support.servers.redis import RedisServer

if TYPE_CHECKING:
    from dramatiq import Message
    from redis import Redis

SMTP_SOURCE = OptionalProgram(
    ("smtp-source", "/usr/sbin/smtp-source"), "mails of smtp-source", "apt-get install -y postfix"
)
_PROCESSES = 2
_THREADS = 8
_MAILS = 5_000
_WARMING_UP = 2_000
_SLOTS = 5
_NUMBERS = (1, 2, 4)
_PIPELINED = 100
_MESSAGE_OCTETS = 6_000


def against_a_plain_actor(stand: Environment) -> Iterator[Figure]:
    """Mails per second of 2 mailers against 2 dramatiq processes with a plain actor, to the same sink."""
    mails = _plain_messages(_MAILS)
    with (
        stand.sink() as sink,
        stand.redis() as redis,
        redis.client() as client,
        _mailers(stand, redis, sink.port, _PROCESSES),
        _plain_workers(stand, redis, sink.port),
    ):
        mail_all(client, sealed_entries(_WARMING_UP, stand.keys))
        _send_plain(client, mails[:_WARMING_UP])
        pair = interleaved(
            lambda: _send_plain(client, mails),
            lambda: mail_all(client, sealed_entries(_MAILS, stand.keys)),
            slots=_SLOTS,
        )
    parts: dict[str, float | str] = {"plain /s": pair.limit, "mailers /s": pair.median, "sink": sink.kind}
    yield Figure(
        name="2 mailers: mails a second, of a plain dramatiq actor's",
        measured=pair.ratio, goal=Goal("least", 0.60), parts=parts,
    )  # fmt: skip
    yield Figure(
        name="2 mailers: mails a second, on a quiet machine",
        measured=pair.median, unit="/s", goal=Goal("least", 900),
    )  # fmt: skip


def in_numbers(stand: Environment) -> Iterator[Figure]:
    """Mails per second of 1, 2 and 4 mailers, and of smtp-source with as many connections."""
    with stand.sink() as sink, stand.redis() as redis, redis.client() as client:
        for number in _NUMBERS:
            with _mailers(stand, redis, sink.port, number):
                mail_all(client, sealed_entries(_WARMING_UP, stand.keys))
                measured = mail_all(client, sealed_entries(_MAILS, stand.keys))
            yield Figure(name=f"mailers: mails a second of {number}", measured=measured, unit="/s")
        if program := SMTP_SOURCE.path():
            measured = _smtp_source(str(program), sink.port, connections=_PROCESSES * _THREADS)
            yield Figure(name="smtp-source: mails a second, 16 connections", measured=measured, unit="/s")


@contextmanager
def _mailers(stand: Environment, redis: RedisServer, smtp_port: int, number: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(stand.mailer(redis, smtp_port))
        yield


@contextmanager
def _plain_workers(stand: Environment, redis: RedisServer, smtp_port: int) -> Iterator[Process]:
    settings = {
        plain_actor.REDIS_URL: redis.socket_url,
        plain_actor.SMTP_PORT: str(smtp_port),
    }
    arguments = ["--processes", str(_PROCESSES), "--threads", str(_THREADS), plain_actor.__name__]
    with stand.process("dramatiq", *arguments, **settings) as process:
        process.wait_for("ready for action")
        yield process


def _plain_messages(count: int) -> list["Message[None]"]:
    """Return the same mails, rendered, as messages of the plain actor."""
    renderer = TemplateRenderer(sender_name=plain_actor.SENDER, public_url=PUBLIC_URL, can_reply=False)
    messages = []
    for event, letter in mail_payloads(count):
        mail = renderer.render(mail_kind_for(event.type, event.data), letter)
        message = plain_actor.send.message(letter.address, letter.name, mail.subject, mail.text, mail.html)
        messages.append(message.copy(options={"redis_message_id": message.message_id}))
    return messages


def _send_plain(client: "Redis", messages: Sequence["Message[None]"]) -> float:
    """Enqueue messages as dramatiq's dispatch.lua does, in pipelines of a hundred; wait for all acknowledgements."""
    queue = f"dramatiq:{plain_actor.QUEUE}"
    began = time.perf_counter()
    for start in range(0, len(messages), _PIPELINED):
        part: Any = {message.message_id: message.encode() for message in messages[start : start + _PIPELINED]}
        pipeline = client.pipeline(transaction=True)
        pipeline.hset(f"{queue}.msgs", mapping=part)
        pipeline.rpush(queue, *part)
        pipeline.execute()
    wait_until(lambda: not client.hlen(f"{queue}.msgs"), what="the plain actor", timeout_seconds=120)
    return len(messages) / (time.perf_counter() - began)


def _smtp_source(program: str, port: int, *, connections: int) -> float:
    arguments = [
        "-s",
        str(connections),
        "-d",
        "-m",
        str(_MAILS),
        "-l",
        str(_MESSAGE_OCTETS),
        f"127.0.0.1:{port}",
    ]
    began = time.perf_counter()
    subprocess.run([program, *arguments], check=True, timeout=120, stderr=subprocess.DEVNULL)
    return _MAILS / (time.perf_counter() - began)

"""The faults by name. A fault ends before its function returns, but the supervisor restarts the killed processes."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from identity.domain.backchannel_logout import LEASE
from sqlalchemy import text

from tests.faults.environment import LEASE_SECONDS, Environment
from tests.faults.supervisor import ManagedProcess
from tests.support.harness.polling import wait_until

_RECORDED = text("SELECT event_id FROM outbox WHERE mail_state = 'sent'")
_LEASED = text("SELECT count(*) FROM logouts WHERE done_at IS NULL AND leased_until > to_timestamp(:at)")
_HELD_MAILS: Final = 3
_MAX_FAULT_SECONDS: Final = 6.0
_SILENCE_SECONDS: Final = 10.0
"""A standby relay takes over when the leader has sent PostgreSQL no statement for this long."""
AHEAD_SECONDS: Final = 20.0


@dataclass(slots=True)
class Wipe:
    """A possible loss of Redis' data at `at` (time.time()); of a failover that loses writes, the end of the loss.

    `recorded` contains the events whose mails the database had recorded as sent.
    """

    at: float
    recorded: frozenset[str]


@dataclass(slots=True)
class Damage:
    """Effects of the faults that the consistency check must allow for."""

    wipes: list[Wipe] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)
    """Start and end (time.time()) of mail server outages that lasted longer than mails are valid."""


Fault = Callable[[Environment, random.Random, Damage], None]


def _freeze(kind: str, *, lease_seconds: float = LEASE_SECONDS) -> Fault:
    """Return a fault that suspends a worker for 1 to 3 s more than `lease_seconds`, by default the mailer's lease."""

    def fault(environment: Environment, rng: random.Random, _damage: Damage) -> None:
        process = rng.choice(environment.supervisor.of(kind))
        pid = process.freeze(rng.choice)
        if pid is not None:
            try:
                time.sleep(lease_seconds + rng.uniform(1, 3))
            finally:
                process.unfreeze(pid)

    return fault


@contextmanager
def _frozen(processes: Iterable[ManagedProcess], rng: random.Random) -> Iterator[None]:
    """Suspend a worker of each process for the duration of the with block."""
    pids = [(process, process.freeze(rng.choice)) for process in processes]
    try:
        yield
    finally:
        for process, pid in pids:
            if pid is not None:
                process.unfreeze(pid)


@contextmanager
def _held_mid_mail(environment: Environment) -> Iterator[None]:
    """Delay the mail server's answers to RCPT for the duration of the with block.

    The block begins when three mails wait, at the latest after 5 s.
    """
    before = environment.script.reached["rcpt"]
    environment.smtp.hold(at="rcpt", times=None)
    try:
        with suppress(AssertionError):  # the fault may affect fewer mails, or none
            wait_until(
                lambda: environment.script.reached["rcpt"] >= before + _HELD_MAILS,
                what="mails",
                timeout_seconds=5,
            )
        yield
    finally:
        environment.smtp.reset()
        environment.smtp.release()


def _mailers_frozen_mid_mail(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Suspend two mailers that wait for replies to RCPT, for so long that the third may send their mails."""
    with ExitStack() as stack:
        with _held_mid_mail(environment):
            stack.enter_context(_frozen(environment.supervisor.of("mailer")[:2], rng))
        time.sleep(2 * LEASE_SECONDS + rng.uniform(1, 3))


def _mailers_killed_mid_mail(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Kill all mailers before the answers to RCPT, so that their claims must expire."""
    with _held_mid_mail(environment):
        for process in environment.supervisor.of("mailer"):
            environment.supervisor.kill(process, rng.choice)


def _notify_killed_mid_logout(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Suspend the port service while a logout token awaits its reply; kill all notify processes, then the service."""
    with _frozen(environment.supervisor.of("service"), rng):
        began = time.time()
        with suppress(AssertionError):  # the fault may affect no notification
            wait_until(lambda: _leased_since(environment, began), what="logouts", timeout_seconds=8)
        for process in environment.supervisor.of("notify"):
            environment.supervisor.kill(process, rng.choice)
    for process in environment.supervisor.of("service"):
        environment.supervisor.kill(process, rng.choice)


def _leased_since(environment: Environment, began: float) -> int:
    """Return the number of unfinished notifications that were leased after `began` (time.time())."""
    with environment.engine.connect() as connection:
        return connection.scalar(_LEASED, {"at": began + LEASE.total_seconds()}) or 0


def _kill_all(kind: str) -> Fault:
    """Return a fault that kills (-9) each process of a kind within a second; of the web server, one worker."""

    def fault(environment: Environment, rng: random.Random, _damage: Damage) -> None:
        for process in environment.supervisor.of(kind):
            environment.supervisor.kill(process, rng.choice)
            time.sleep(rng.uniform(0, 0.3))

    return fault


def _record_loss(environment: Environment, damage: Damage) -> None:
    with environment.engine.connect() as connection:
        recorded = frozenset(connection.scalars(_RECORDED))
    damage.wipes.append(Wipe(time.time(), recorded))


def _redis_restarts(environment: Environment, rng: random.Random, damage: Damage) -> None:
    """Kill -9 and restart Redis, which may lose its latest writes."""
    _record_loss(environment, damage)
    environment.redis.primary.kill()
    time.sleep(rng.uniform(0, 3))
    environment.redis.primary.start()


def _redis_wiped(environment: Environment, _rng: random.Random, damage: Damage) -> None:
    _record_loss(environment, damage)
    environment.redis.primary.wipe()


def _redis_wiped_with_backlog(environment: Environment, rng: random.Random, damage: Damage) -> None:
    """Delete all data in Redis before mailers and consumers have read the latest entries."""
    with _frozen(environment.supervisor.of("mailer", "consumer"), rng):
        time.sleep(rng.uniform(2, 4))
        _redis_wiped(environment, rng, damage)


def _redis_hangs(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    environment.redis.primary.pause()
    try:
        time.sleep(rng.uniform(2, 15))
    finally:
        environment.redis.primary.resume()


def _redis_full(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Make Redis refuse commands that need memory."""
    with environment.redis.primary.client() as client:
        client.config_set("maxmemory", "1")
        try:
            time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))
        finally:
            client.config_set("maxmemory", "0")


def _redis_fails_over(environment: Environment, _rng: random.Random, _damage: Damage) -> None:
    """Exchange primary and replica; connections to the old primary stay open."""
    environment.redis.fail_over()


def _redis_loses_writes(environment: Environment, rng: random.Random, damage: Damage) -> None:
    """Promote a replica while the old primary accepts writes, which are lost."""
    environment.redis.promote()
    _record_loss(environment, damage)
    try:
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))
    finally:
        damage.wipes[-1].at = time.time()
        environment.redis.demote()


def _postgres_restarts(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Crash PostgreSQL, which then recovers from its write-ahead log."""
    environment.postgres.stop(mode="immediate")
    time.sleep(rng.uniform(0, 2))
    environment.postgres.start()


def _postgres_unreachable(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Reset or stall the processes' connections to PostgreSQL, new ones too."""
    rng.choice((environment.proxy.cut, environment.proxy.silence))()
    try:
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))
    finally:
        environment.proxy.heal()


def _postgres_read_only(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Switch PostgreSQL to read-only and keep connections open."""
    environment.postgres.make_read_only()
    try:
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))
    finally:
        environment.postgres.make_writable()


@contextmanager
def _faulty_smtp(environment: Environment) -> Iterator[None]:
    try:
        yield
    finally:
        environment.smtp.stop()  # closes connections that still hang
        environment.smtp.reset()
        environment.smtp.start()


def _smtp_defers(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Refuse all recipients temporarily (451)."""
    with _faulty_smtp(environment):
        environment.smtp.refuse(code=451, text="4.3.0 Later")
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))


def _smtp_refuses(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Refuse all recipients permanently (550) for about a second. These mails are never delivered."""
    with _faulty_smtp(environment):
        environment.smtp.refuse(code=550, text="5.1.1 No such user")
        time.sleep(rng.uniform(0.5, 1.5))


def _smtp_refuses_and_closes(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Refuse a few recipients permanently and close their connections. Other mails must still arrive."""
    with _faulty_smtp(environment):
        environment.smtp.pipelining = rng.random() < 0.5
        environment.smtp.refuse(code=550, text="5.1.1 No such user", times=rng.randint(1, 4), closes=True)
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))


def _smtp_limits_connections(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Refuse MAIL (452) after a few mails on a connection, and keep the connection open."""
    with _faulty_smtp(environment):
        environment.smtp.limit_mails_per_connection(rng.randint(1, 3))
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))


def _smtp_hangs(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Send no answer to messages."""
    with _faulty_smtp(environment):
        environment.smtp.hang(at="data")
        time.sleep(rng.uniform(2, LEASE_SECONDS + 3))


def _smtp_accepts_and_drops(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Accept a few messages, but close the connection before the mailer gets the answer and can record it."""
    with _faulty_smtp(environment):
        environment.smtp.drop(at="accepted", times=rng.randint(1, 4))
        time.sleep(rng.uniform(1, 3))


def _smtp_down(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    environment.smtp.stop()
    try:
        time.sleep(rng.uniform(2, _MAX_FAULT_SECONDS))
    finally:
        environment.smtp.start()


def _smtp_down_past_validity(environment: Environment, rng: random.Random, damage: Damage) -> None:
    """Stop the mail server for longer than mails are valid. Expired mails must not arrive."""
    began = time.time()
    environment.smtp.stop()
    try:
        time.sleep(environment.lifetime_seconds + rng.uniform(2, _MAX_FAULT_SECONDS))
    finally:
        environment.smtp.start()
        damage.outages.append((began, time.time()))


def _clock_ahead(environment: Environment, rng: random.Random, _damage: Damage) -> None:
    """Restart a process with an advanced clock, and then with the right clock."""
    process = rng.choice(environment.supervisor.of("web", "relay", "notify", "mailer"))
    process.restart("--ahead", str(AHEAD_SECONDS))
    try:
        time.sleep(rng.uniform(8, 15))
    finally:
        process.restart()


LONG: Final = frozenset({"smtp down past validity"})
"""Faults that last longer than a minute. Short runs skip them unless `--only` names them."""
FAULTS: Final[dict[str, Fault]] = {
    "web frozen": _freeze("web"),
    "relay frozen": _freeze("relay", lease_seconds=_SILENCE_SECONDS),
    "mailer frozen": _freeze("mailer"),
    "consumer frozen": _freeze("consumer"),
    "mailers frozen mid-mail": _mailers_frozen_mid_mail,
    "mailers killed mid-mail": _mailers_killed_mid_mail,
    "notify frozen": _freeze("notify", lease_seconds=LEASE.total_seconds()),
    "service frozen": _freeze("service"),
    "notify killed mid-logout": _notify_killed_mid_logout,
    "all web workers killed": _kill_all("web"),
    "all relays killed": _kill_all("relay"),
    "all notify killed": _kill_all("notify"),
    "all mailers killed": _kill_all("mailer"),
    "all consumers killed": _kill_all("consumer"),
    "redis killed": _redis_restarts,
    "redis wiped": _redis_wiped,
    "redis wiped with a backlog": _redis_wiped_with_backlog,
    "redis hangs": _redis_hangs,
    "redis full": _redis_full,
    "redis fails over": _redis_fails_over,
    "redis loses writes": _redis_loses_writes,
    "postgresql crashes": _postgres_restarts,
    "postgresql unreachable": _postgres_unreachable,
    "postgresql read-only": _postgres_read_only,
    "smtp defers (4xx)": _smtp_defers,
    "smtp refuses (5xx)": _smtp_refuses,
    "smtp refuses and closes": _smtp_refuses_and_closes,
    "smtp limits connections": _smtp_limits_connections,
    "smtp hangs after DATA": _smtp_hangs,
    "smtp accepts, then drops": _smtp_accepts_and_drops,
    "smtp down": _smtp_down,
    "smtp down past validity": _smtp_down_past_validity,
    "clock ahead": _clock_ahead,
}

"""Every fault as a named row: what is done, for how long, and how it is made good again."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text

from tests.faults.cast import Actor
from tests.faults.stage import LEASE_SECONDS, Stage
from tests.support.harness.waiting import wait_until

_NOTED = text("SELECT event_id FROM outbox WHERE mail_state = 'sent'")
_MAILS_IN_HAND: Final = 3
_HELD_SECONDS: Final = 6.0
_LEAD_SECONDS: Final = 10.0
"""So long a leading relay may be silent before the other deposes it."""
AHEAD_SECONDS: Final = 20.0


@dataclass(slots=True)
class Wipe:
    """A Redis that lost all, or its last second, at `at` (time.time()); `noted` had their receipts in the database."""

    at: float
    noted: frozenset[str]


@dataclass(slots=True)
class Damage:
    """What the reckoning has to know of what was done."""

    wipes: list[Wipe] = field(default_factory=list)
    droughts: list[tuple[float, float]] = field(default_factory=list)
    """From when to when (time.time()) no mail could go for longer than it was valid."""


Fault = Callable[[Stage, random.Random, Damage], None]


def _freeze(kind: str, *, lease_seconds: float = LEASE_SECONDS) -> Fault:
    """Stop one for longer than its lease, then let it go on. A consumer is alone in its group, for the order's sake."""

    def fault(stage: Stage, chance: random.Random, _damage: Damage) -> None:
        actor = chance.choice(stage.cast.of(kind))
        victim = actor.freeze(chance.choice)
        if victim is not None:
            try:
                time.sleep(lease_seconds + chance.uniform(1, 3))
            finally:
                actor.thaw(victim)

    return fault


@contextmanager
def _frozen(actors: Iterable[Actor], chance: random.Random) -> Iterator[None]:
    """Stop one process of each actor for the block."""
    victims = [(actor, actor.freeze(chance.choice)) for actor in actors]
    try:
        yield
    finally:
        for actor, victim in victims:
            if victim is not None:
                actor.thaw(victim)


@contextmanager
def _held_in_mid_mail(stage: Stage) -> Iterator[None]:
    """Keep every mailer waiting for the mail server's word on a recipient, and let go at the end."""
    before = stage.script.reached["rcpt"]
    stage.smtp.hold(at="rcpt", times=None)
    try:
        with suppress(AssertionError):  # nobody mails just now: then it is a plain fault
            wait_until(
                lambda: stage.script.reached["rcpt"] >= before + _MAILS_IN_HAND,
                what="mails",
                timeout_seconds=5,
            )
        yield
    finally:
        stage.smtp.reset()
        stage.smtp.release()


def _mailer_frozen_in_mid_mail(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Freeze a mailer between envelope and message, until others have done its work; then let it go on."""
    with ExitStack() as stack:
        with _held_in_mid_mail(stage):
            stack.enter_context(_frozen(stage.cast.of("mailer")[:2], chance))
        time.sleep(2 * LEASE_SECONDS + chance.uniform(1, 3))


def _mailers_killed_in_mid_mail(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Kill every mailer while it holds claims."""
    with _held_in_mid_mail(stage):
        for actor in stage.cast.of("mailer"):
            stage.cast.kill(actor, chance.choice)


def _volley(kind: str) -> Fault:
    """Kill -9 all of a kind within a second."""

    def fault(stage: Stage, chance: random.Random, _damage: Damage) -> None:
        for actor in stage.cast.of(kind):
            stage.cast.kill(actor, chance.choice)
            time.sleep(chance.uniform(0, 0.3))

    return fault


def _note_loss(stage: Stage, damage: Damage) -> None:
    """Note which receipts the database has, the moment before Redis loses what it holds."""
    with stage.engine.connect() as connection:
        noted = frozenset(connection.scalars(_NOTED))
    damage.wipes.append(Wipe(time.time(), noted))


def _redis_restarts(stage: Stage, chance: random.Random, damage: Damage) -> None:
    """Kill -9, and start on what is on the disk: a slow disk has postponed the last second's writes."""
    _note_loss(stage, damage)
    stage.redis.kill()
    time.sleep(chance.uniform(0, 3))
    stage.redis.start()


def _redis_wiped(stage: Stage, _chance: random.Random, damage: Damage) -> None:
    """Lose everything in it."""
    _note_loss(stage, damage)
    stage.redis.wipe()


def _redis_wiped_with_backlog(stage: Stage, chance: random.Random, damage: Damage) -> None:
    """Lose everything in it while nobody has read it yet: only the database still knows."""
    with _frozen(stage.cast.of("mailer", "consumer"), chance):
        time.sleep(chance.uniform(2, 4))
        _redis_wiped(stage, chance, damage)


def _redis_hangs(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Answer nobody for a while, perhaps until the leading relay is deposed."""
    stage.redis.pause()
    try:
        time.sleep(chance.uniform(2, _LEAD_SECONDS + 5))
    finally:
        stage.redis.resume()


def _redis_full(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Refuse whatever needs memory."""
    with stage.redis.client() as client:
        client.config_set("maxmemory", "1")
        try:
            time.sleep(chance.uniform(2, _HELD_SECONDS))
        finally:
            client.config_set("maxmemory", "0")


def _postgres_restarts(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Crash, and recover from the log."""
    stage.postgres.stop(mode="immediate")
    time.sleep(chance.uniform(0, 2))
    stage.postgres.start()


def _postgres_unreachable(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Cut the network, or let it fall silent."""
    chance.choice((stage.proxy.cut, stage.proxy.silence))()
    try:
        time.sleep(chance.uniform(2, _HELD_SECONDS))
    finally:
        stage.proxy.heal()


@contextmanager
def _misbehaving(stage: Stage) -> Iterator[None]:
    try:
        yield
    finally:
        stage.smtp.stop()  # cuts who still hangs
        stage.smtp.reset()
        stage.smtp.start()


def _smtp_defers(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Refuse everybody for now."""
    with _misbehaving(stage):
        stage.smtp.refuse(code=451, text="4.3.0 Later")
        time.sleep(chance.uniform(2, _HELD_SECONDS))


def _smtp_refuses(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Refuse everybody for good, for a moment: those people never get that mail."""
    with _misbehaving(stage):
        stage.smtp.refuse(code=550, text="5.1.1 No such user")
        time.sleep(chance.uniform(0.5, 1.5))


def _smtp_hangs(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Say nothing after the message, and never take it."""
    with _misbehaving(stage):
        stage.smtp.hang(at="data")
        time.sleep(chance.uniform(2, LEASE_SECONDS + 3))


def _smtp_takes_and_drops(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Take the message, and cut the connection before the sender learns it: an answer that cannot be noted."""
    with _misbehaving(stage):
        stage.smtp.drop(at="accepted", times=chance.randint(1, 4))
        time.sleep(chance.uniform(1, 3))


def _smtp_away(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Be away for a moment."""
    stage.smtp.stop()
    try:
        time.sleep(chance.uniform(2, _HELD_SECONDS))
    finally:
        stage.smtp.start()


def _smtp_away_too_long(stage: Stage, chance: random.Random, damage: Damage) -> None:
    """Be away for longer than what waits is valid: those mails must not come any more."""
    began = time.time()
    stage.smtp.stop()
    try:
        time.sleep(stage.lifetime_seconds + chance.uniform(2, _HELD_SECONDS))
    finally:
        stage.smtp.start()
        damage.droughts.append((began, time.time()))


def _clock_ahead(stage: Stage, chance: random.Random, _damage: Damage) -> None:
    """Let one process believe for a while that it is later."""
    actor = chance.choice(stage.cast.of("web", "relay", "mailer"))
    actor.restart("--ahead", str(AHEAD_SECONDS))
    try:
        time.sleep(chance.uniform(8, 15))
    finally:
        actor.restart()


LONG: Final = frozenset({"smtp away past validity"})
"""Last longer than a minute, so that a run of a few minutes does without them."""
FAULTS: Final[dict[str, Fault]] = {
    "web frozen": _freeze("web"),
    "relay frozen": _freeze("relay", lease_seconds=_LEAD_SECONDS),
    "mailer frozen": _freeze("mailer"),
    "consumer frozen": _freeze("consumer"),
    "mailers frozen in mid-mail": _mailer_frozen_in_mid_mail,
    "mailers killed in mid-mail": _mailers_killed_in_mid_mail,
    "all web workers killed": _volley("web"),
    "all relays killed": _volley("relay"),
    "all mailers killed": _volley("mailer"),
    "all consumers killed": _volley("consumer"),
    "redis killed": _redis_restarts,
    "redis wiped": _redis_wiped,
    "redis wiped with a backlog": _redis_wiped_with_backlog,
    "redis hangs": _redis_hangs,
    "redis full": _redis_full,
    "postgresql crashes": _postgres_restarts,
    "postgresql unreachable": _postgres_unreachable,
    "smtp defers (4xx)": _smtp_defers,
    "smtp refuses (5xx)": _smtp_refuses,
    "smtp hangs after DATA": _smtp_hangs,
    "smtp takes, then drops": _smtp_takes_and_drops,
    "smtp away": _smtp_away,
    "smtp away past validity": _smtp_away_too_long,
    "one clock ahead": _clock_ahead,
}

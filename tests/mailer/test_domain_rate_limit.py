"""A receiving domain's hourly ceiling: what is over waits its turn, and nobody else waits with it."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from mailer.adapters.redis.connection import ThreadConnections
from mailer.adapters.redis.rate_limit import RedisDomainRateLimit, throttled_domains
from mailer.domain.rate_limits import DomainRateLimits
from mailer.settings import domain_rate_limits
from tests.mailer.harness import MailerHarness
from tests.support.harness.waiting import wait_until

HOUR = timedelta(hours=1)
Turns = Callable[..., RedisDomainRateLimit]


@pytest.fixture
def turns(world: MailerHarness) -> Iterator[Turns]:
    connections = ThreadConnections(world.redis_server.url)
    yield lambda **by_domain: RedisDomainRateLimit(
        connections,
        DomainRateLimits({name.replace("_", "."): most for name, most in by_domain.items()}),
        clock=world.clock,
    )
    connections.close()


def ask(
    turns: RedisDomainRateLimit,
    world: MailerHarness,
    name: str,
    *,
    domain: str = "a.example",
    days: float = 7,
) -> datetime | None:
    return turns.acquire(name, domain, expires_at=world.clock.now() + timedelta(days=days))


@pytest.mark.rule("MAIL-5")
def test_what_is_over_waits_its_turn_and_other_domains_go_on(world: MailerHarness) -> None:
    for _ in range(3):
        world.start_mailer(MAILER_DOMAIN_CEILINGS="busy.example=3")
    busy = world.request_many(8, domain="busy.example")
    others = world.request_many(5, domain="example.com")

    world.smtp.mailbox.wait_for(count=8)
    wait_until(
        lambda: sorted(world.state(each) for each in busy) == ["sent"] * 3 + ["waiting"] * 5,
        what="five that wait",
    )

    for each in others:
        world.wait_for_state(each, "sent")
    assert {world.ledger(each).get("tries", "0") for each in busy} == {"0"}
    assert world.dead() == {}
    for sent in (6, 8):
        world.clock.advance(hours=1, seconds=1)
        world.smtp.mailbox.wait_for(count=sent + len(others))
    world.wait_until_finished()
    assert world.smtp.mailbox.count() == 13


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_a_mail_that_expires_before_its_turn_is_recorded_as_expired(world: MailerHarness) -> None:
    world.start_mailer(MAILER_DOMAIN_CEILINGS="*=1", MAILER_THREADS="1")
    first = world.request("first@a.example")
    world.wait_for_state(first, "sent")
    second = world.request("second@a.example", expires_at=world.clock.now() + timedelta(minutes=30))
    world.wait_for_state(second, "waiting")

    world.clock.advance(minutes=31)

    world.wait_for_state(second, "expired")
    assert world.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-5")
def test_turns_come_an_hour_after_those_a_whole_ceiling_before(
    world: MailerHarness, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, now = turns(a_example=2), world.clock.now()
    monkeypatch.setattr(world.clock, "now", lambda: now)

    given = [ask(two, world, str(number)) for number in range(6)]

    waits = [None if turn is None else round((turn - now) / HOUR, 3) for turn in given]
    assert waits == [None, None, 1, 1, 2, 2]
    assert ask(two, world, "elsewhere", domain="b.example") is None


@pytest.mark.rule("MAIL-5")
def test_an_event_that_asks_again_keeps_its_one_turn(world: MailerHarness, turns: Turns) -> None:
    one = turns(a_example=1)
    ask(one, world, "sent")
    turn = ask(one, world, "waits")

    again = [ask(one, world, "waits") for _ in range(5)]
    retried = ask(one, world, "sent")

    assert turn is not None
    assert all(each is not None and abs(each - turn) < timedelta(seconds=5) for each in again)
    assert retried is None
    assert len(throttled_domains(world.redis_server.client(), world.clock.now())) == 1


@pytest.mark.rule("MAIL-5")
def test_a_raised_ceiling_lets_go_what_waits_for_a_turn(world: MailerHarness, turns: Turns) -> None:
    low, high = turns(a_example=1), turns(a_example=5)
    names = ["1", "2", "3"]
    assert [ask(low, world, name) is None for name in names] == [True, False, False]

    assert [ask(high, world, name) is None for name in names] == [True, True, True]


@pytest.mark.rule("MAIL-5")
def test_a_mail_that_is_not_valid_so_long_takes_no_turn(world: MailerHarness, turns: Turns) -> None:
    one = turns(a_example=1)
    ask(one, world, "sent")
    before = world.clock.now()

    hopeless = ask(one, world, "hopeless", days=0.01)
    hopeful = ask(one, world, "hopeful")

    assert hopeless is not None
    assert hopeful is not None
    assert hopeful - before < 1.1 * HOUR


@pytest.mark.rule("MAIL-5")
def test_no_hour_has_more_than_the_ceiling_however_mails_come(world: MailerHarness, turns: Turns) -> None:
    chance, most = random.Random(5), 7
    kept = turns(a_example=most)
    waiting: dict[str, datetime] = {}
    sent: list[datetime] = []

    for number in range(400):
        world.clock.advance(minutes=chance.choice([0, 0, 1, 5, 30]))
        now = world.clock.now()
        due = [name for name, turn in waiting.items() if turn <= now and chance.random() < 0.7]
        for name in [*due, str(number)]:
            waiting.pop(name, None)
            turn = ask(kept, world, name)
            if turn is None:
                sent.append(world.clock.now())
            else:
                waiting[name] = turn

    assert len(sent) > 100
    hour = HOUR - timedelta(seconds=1)  # the clock runs on between two calls
    assert max(sum(start <= each <= start + hour for each in sent) for start in sent) <= most


@pytest.mark.rule("MAIL-5")
def test_many_processes_keep_one_ceiling(world: MailerHarness) -> None:
    free: list[str] = []

    def process(number: int) -> None:
        connections = ThreadConnections(world.redis_server.url)
        mine = RedisDomainRateLimit(connections, DomainRateLimits({"*": 20}), clock=world.clock)
        free.extend(name for name in (f"{number}-{each}" for each in range(10)) if not ask(mine, world, name))
        connections.close()

    threads = [threading.Thread(target=process, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(free) == 20


def test_a_domain_has_one_ceiling_however_it_is_written(world: MailerHarness, turns: Turns) -> None:
    one = turns(a_example=1)

    assert ask(one, world, "1", domain="A.Example") is None
    assert ask(one, world, "2", domain="a.example.") is not None


@pytest.mark.rule("OPS-5")
def test_the_setting_names_domains_with_their_mails_an_hour() -> None:
    read = domain_rate_limits("Gmail.com=500, *=2000,通行證.example=3")

    assert read.of("gmail.com") == 500
    assert read.of("other.example") == 2000
    assert read.of("xn--fiq53lfs1a6jd.example") in {3, 2000}
    assert read.of("通行證.example") == 3
    assert domain_rate_limits("").of("gmail.com") is None


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize(
    "raw", ["gmail.com", "gmail.com=0", "=5", "a=1,A=2", "gmail.com=many", "a b=1", "*.tw=1"]
)
def test_a_setting_that_says_no_ceiling_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="must"):
        domain_rate_limits(raw)

"""Mails over a domain's hourly rate limit wait, and other domains are not affected."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from mailer.adapters.redis.connection import ThreadConnections, connect
from mailer.adapters.redis.domain_rate_limits import RedisDomainRateLimit, throttled_domains
from mailer.domain.domain_rate_limits import DomainRateLimits
from mailer.settings import domain_rate_limits
from tests.mailer.harness import MailerHarness
from tests.support.harness.polling import wait_until

HOUR = timedelta(hours=1)
Limits = Callable[..., RedisDomainRateLimit]


@pytest.fixture
def limits(harness: MailerHarness) -> Iterator[Limits]:
    client = connect(harness.redis_server.url)
    connections = ThreadConnections(client)
    yield lambda **by_domain: RedisDomainRateLimit(
        connections,
        DomainRateLimits({name.replace("_", "."): limit for name, limit in by_domain.items()}),
        clock=harness.clock,
    )
    connections.close()
    client.close()


def acquire(
    limits: RedisDomainRateLimit,
    harness: MailerHarness,
    name: str,
    *,
    domain: str = "a.example",
    days: float = 7,
) -> datetime | None:
    return limits.acquire(name, domain, expires_at=harness.clock.now() + timedelta(days=days))


@pytest.mark.rule("MAIL-5")
def test_mails_over_the_limit_wait_and_other_domains_are_not_affected(harness: MailerHarness) -> None:
    for _ in range(3):
        harness.start_mailer(MAILER_DOMAIN_CEILINGS="busy.example=3")
    busy = harness.request_many(8, domain="busy.example")
    others = harness.request_many(5, domain="example.com")

    harness.smtp.mailbox.wait_for(count=8)
    wait_until(
        lambda: sorted(harness.state(each) for each in busy) == ["sent"] * 3 + ["waiting"] * 5,
        what="five that wait",
    )

    for each in others:
        harness.wait_for_state(each, "sent")
    assert {harness.ledger(each).get("tries", "0") for each in busy} == {"0"}
    assert harness.dead() == {}
    for sent in (6, 8):
        harness.clock.advance(hours=1, seconds=1)
        harness.smtp.mailbox.wait_for(count=sent + len(others))
    harness.wait_until_finished()
    assert harness.smtp.mailbox.count() == 13


@pytest.mark.rule("MAIL-4", "MAIL-5")
def test_a_mail_that_expires_before_its_send_time_is_recorded_as_expired(harness: MailerHarness) -> None:
    harness.start_mailer(MAILER_DOMAIN_CEILINGS="*=1", MAILER_THREADS="1")
    first = harness.request("first@a.example")
    harness.wait_for_state(first, "sent")
    second = harness.request("second@a.example", expires_at=harness.clock.now() + timedelta(minutes=30))
    harness.wait_for_state(second, "waiting")

    harness.clock.advance(minutes=31)

    harness.wait_for_state(second, "expired")
    assert harness.smtp.mailbox.count() == 1


@pytest.mark.rule("MAIL-5")
def test_send_times_repeat_hourly_in_groups_of_the_limit(
    harness: MailerHarness, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    two, now = limits(a_example=2), harness.clock.now()
    monkeypatch.setattr(harness.clock, "now", lambda: now)

    send_times = [acquire(two, harness, str(number)) for number in range(6)]

    waits = [None if each is None else round((each - now) / HOUR, 3) for each in send_times]
    assert waits == [None, None, 1, 1, 2, 2]
    assert acquire(two, harness, "elsewhere", domain="b.example") is None


@pytest.mark.rule("MAIL-5")
def test_a_repeated_request_of_an_event_keeps_its_send_time(harness: MailerHarness, limits: Limits) -> None:
    one = limits(a_example=1)
    acquire(one, harness, "sent")
    send_at = acquire(one, harness, "waits")

    again = [acquire(one, harness, "waits") for _ in range(5)]
    retried = acquire(one, harness, "sent")

    assert send_at is not None
    assert all(each is not None and abs(each - send_at) < timedelta(seconds=5) for each in again)
    assert retried is None
    assert len(throttled_domains(harness.redis_server.client(), harness.clock.now())) == 1


@pytest.mark.rule("MAIL-5")
def test_a_raised_limit_releases_waiting_mails(harness: MailerHarness, limits: Limits) -> None:
    low, high = limits(a_example=1), limits(a_example=5)
    names = ["1", "2", "3"]
    assert [acquire(low, harness, name) is None for name in names] == [True, False, False]

    assert [acquire(high, harness, name) is None for name in names] == [True, True, True]


@pytest.mark.rule("MAIL-5")
def test_a_mail_that_expires_before_its_send_time_uses_none(harness: MailerHarness, limits: Limits) -> None:
    one = limits(a_example=1)
    acquire(one, harness, "sent")
    before = harness.clock.now()

    hopeless = acquire(one, harness, "hopeless", days=0.01)
    hopeful = acquire(one, harness, "hopeful")

    assert hopeless is not None
    assert hopeful is not None
    assert hopeful - before < 1.1 * HOUR


@pytest.mark.rule("MAIL-5")
def test_no_hour_has_more_mails_than_the_limit(harness: MailerHarness, limits: Limits) -> None:
    rng, limit = random.Random(5), 7
    rate_limit = limits(a_example=limit)
    waiting: dict[str, datetime] = {}
    sent: list[datetime] = []

    for number in range(400):
        harness.clock.advance(minutes=rng.choice([0, 0, 1, 5, 30]))
        now = harness.clock.now()
        due = [name for name, send_at in waiting.items() if send_at <= now and rng.random() < 0.7]
        for name in [*due, str(number)]:
            waiting.pop(name, None)
            send_at = acquire(rate_limit, harness, name)
            if send_at is None:
                sent.append(harness.clock.now())
            else:
                waiting[name] = send_at

    assert len(sent) > 100
    hour = HOUR - timedelta(seconds=1)  # the clock advances between two calls
    assert max(sum(start <= each <= start + hour for each in sent) for start in sent) <= limit


@pytest.mark.rule("MAIL-5")
def test_many_processes_share_one_limit(harness: MailerHarness) -> None:
    free: list[str] = []

    def process(number: int) -> None:
        client = connect(harness.redis_server.url)
        connections = ThreadConnections(client)
        mine = RedisDomainRateLimit(connections, DomainRateLimits({"*": 20}), clock=harness.clock)
        free.extend(
            name for name in (f"{number}-{each}" for each in range(10)) if not acquire(mine, harness, name)
        )
        connections.close()
        client.close()

    threads = [threading.Thread(target=process, args=[number]) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(free) == 20


def test_a_domain_has_one_limit_in_all_spellings(harness: MailerHarness, limits: Limits) -> None:
    one = limits(a_example=1)

    assert acquire(one, harness, "1", domain="A.Example") is None
    assert acquire(one, harness, "2", domain="a.example.") is not None


@pytest.mark.rule("OPS-5")
def test_the_setting_maps_domains_to_mails_an_hour() -> None:
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
def test_an_invalid_limit_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="must"):
        domain_rate_limits(raw)

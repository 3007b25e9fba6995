"""The ledger's last word: what was accepted is noted whoever claims the mail by now, what was not is not."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from port_events.envelope import RECEIPTS, STREAM, Entry
from redis.exceptions import ResponseError

from mailer.adapters.redis.connection import ThreadConnections
from mailer.adapters.redis.ledger import LedgerConfig, RedisLedger
from mailer.adapters.redis.stream import GROUP
from mailer.domain.attempt import State
from mailer.domain.backoff import MAX_SECONDS
from mailer.usecases.ports import AlreadyFinal, ClaimDeferred, ClaimGranted, Outcome
from tests.mailer.harness import MailerHarness, Published
from tests.support.harness.waiting import wait_until


@pytest.fixture
def connections(world: MailerHarness) -> Iterator[ThreadConnections]:
    made = ThreadConnections(world.redis_server.url)
    yield made
    made.close()


def ledger(world: MailerHarness, connections: ThreadConnections, *, owner: str, lease_ms: int) -> RedisLedger:
    names = LedgerConfig(owner=owner, stream=STREAM, group=GROUP, receipts=RECEIPTS, lease_ms=lease_ms)
    return RedisLedger(connections, names, clock=world.clock)


def request(world: MailerHarness) -> tuple[Published, Entry]:
    """Publish a mail that the group was given."""
    published = world.request("ming@example.com")
    world.client.xgroup_create(STREAM, GROUP, id="0")
    world.client.xreadgroup(GROUP, "one", {STREAM: ">"})
    return published, entry_of(published)


def entry_of(published: Published) -> Entry:
    return Entry(published.entry_id, published.event, published.sealed)


def granted(ledger: RedisLedger, published: Published) -> ClaimGranted:
    claim = ledger.claim(entry_of(published))
    assert isinstance(claim, ClaimGranted)
    return claim


def refused(world: MailerHarness) -> Outcome:
    return Outcome(State.REFUSED, world.clock.now(), "mailbox_unknown", "5.1.1 No such user")


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_late_refusal_does_not_overrule_who_has_taken_the_mail_over(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, entry = request(world)
    late = ledger(world, connections, owner="late", lease_ms=0)
    taken_over_from = granted(late, published)
    granted(ledger(world, connections, owner="other", lease_ms=60_000), published)

    late.complete(entry, taken_over_from, refused(world))

    assert world.state(published) == "claimed"
    assert world.ledger(published)["token"].startswith("other/")
    assert (world.dead(), world.receipts(), world.pending()) == ({}, [], 1)


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_late_acceptance_is_noted_though_another_was_refused_meanwhile(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, entry = request(world)
    late = ledger(world, connections, owner="late", lease_ms=0)
    other = ledger(world, connections, owner="other", lease_ms=60_000)
    taken_over_from = granted(late, published)
    other.complete(entry, granted(other, published), refused(world))

    late.complete(entry, taken_over_from, Outcome(State.SENT, world.clock.now()))

    assert world.state(published) == "sent"
    assert world.dead() == {}
    assert [receipt["state"] for receipt in world.receipts()] == ["refused", "sent"]
    assert world.pending() == 0


@pytest.mark.rule("MAIL-3")
def test_an_ending_is_noted_where_redis_has_forgotten_the_claim(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, entry = request(world)
    only = ledger(world, connections, owner="only", lease_ms=60_000)
    grant = granted(only, published)
    world.client.delete(f"mailer:ledger:{published.event.id}")

    only.complete(entry, grant, refused(world))

    assert world.state(published) == "refused"
    assert world.dead()[published.event.id]["attempts"] == 1


@pytest.mark.rule("MAIL-3")
def test_what_was_accepted_is_never_granted_again(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, entry = request(world)
    only = ledger(world, connections, owner="only", lease_ms=0)
    only.complete(entry, granted(only, published), Outcome(State.SENT, world.clock.now()))
    world.clock.advance(days=1)

    again = only.claim(entry)

    assert not isinstance(again, ClaimGranted)
    assert world.client.ttl(f"mailer:ledger:{published.event.id}") > timedelta(days=7).total_seconds()


@pytest.mark.rule("MAIL-3")
def test_what_was_read_before_redis_lost_its_data_is_not_granted_after(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, entry = request(world)
    other = ledger(world, connections, owner="other", lease_ms=60_000)
    frozen = ledger(world, connections, owner="frozen", lease_ms=60_000)
    other.complete(entry, granted(other, published), Outcome(State.SENT, world.clock.now()))
    world.redis_server.wipe()
    again = world.request("hua@example.com")

    claims = frozen.claim_all([entry, entry_of(again)])

    assert [type(each) for each in claims] == [AlreadyFinal, ClaimGranted]


@pytest.mark.rule("MAIL-3")
def test_a_claim_is_held_until_another_has_it(world: MailerHarness, connections: ThreadConnections) -> None:
    published, _ = request(world)
    slow = ledger(world, connections, owner="slow", lease_ms=0)
    grant = granted(slow, published)
    while_alone = slow.owns(grant)

    granted(ledger(world, connections, owner="other", lease_ms=60_000), published)

    assert (while_alone, slow.owns(grant)) == (True, False)


@pytest.mark.rule("MAIL-3")
def test_within_its_lease_a_claim_is_held_without_asking(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, _ = request(world)
    quick = ledger(world, connections, owner="quick", lease_ms=60_000)
    grant = granted(quick, published)

    world.redis_server.stop()

    assert quick.owns(grant)


@pytest.mark.rule("MAIL-3")
def test_a_claim_that_redis_has_forgotten_is_held_no_more(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, _ = request(world)
    only = ledger(world, connections, owner="only", lease_ms=60_000)
    grant = granted(only, published)

    world.redis_server.wipe()
    only.renew()

    assert not only.owns(grant)


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_claim_that_was_given_up_while_redis_was_away_is_not_renewed_for_ever(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, _ = request(world)
    giving_up = ledger(world, connections, owner="one", lease_ms=200)
    grant = granted(giving_up, published)
    world.redis_server.stop()
    wait_until(lambda: not giving_up.owns(grant), what="the lease's end as it is known here")
    world.redis_server.start()

    giving_up.release(grant)
    giving_up.renew()

    other = ledger(world, connections, owner="other", lease_ms=60_000)
    wait_until(
        lambda: isinstance(other.claim(entry_of(published)), ClaimGranted), what="the lease's end in Redis"
    )


@pytest.mark.rule("MAIL-5")
def test_what_a_clock_that_is_ahead_put_off_waits_for_no_other(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, _ = request(world)
    ahead = ledger(world, connections, owner="ahead", lease_ms=60_000)
    other = ledger(world, connections, owner="other", lease_ms=60_000)
    grant = granted(ahead, published)

    ahead.defer(grant, due=world.clock.now() + timedelta(seconds=MAX_SECONDS), failed=True)
    in_time = other.claim(entry_of(published))
    ahead.defer(grant, due=world.clock.now(), failed=False)
    again = ahead.claim(entry_of(published))
    assert isinstance(again, ClaimDeferred)
    world.clock.advance(seconds=MAX_SECONDS)
    grant = granted(ahead, published)
    ahead.defer(grant, due=world.clock.now() + timedelta(hours=1), failed=True)

    assert isinstance(in_time, ClaimDeferred)
    assert granted(other, published).tries == 2


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_an_ending_that_redis_refuses_for_good_holds_no_thread_unless_the_mail_is_out(
    world: MailerHarness, connections: ThreadConnections
) -> None:
    published, entry = request(world)
    only = ledger(world, connections, owner="only", lease_ms=60_000)
    grant = granted(only, published)
    world.client.set("mailer:dead", "of another kind")

    with pytest.raises(ResponseError):
        only.complete(entry, grant, refused(world))
    out = threading.Thread(target=only.complete, args=(entry, grant, Outcome(State.SENT, world.clock.now())))
    out.start()
    world.client.delete("mailer:dead")
    out.join(10)

    assert world.state(published) == "sent"

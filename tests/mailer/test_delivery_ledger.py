"""The ledger: claims and their leases, and which outcomes are recorded."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from port_events.envelope import MAIL_STREAM, Entry
from redis.exceptions import ResponseError

from mailer.adapters.redis.connection import ThreadConnections, connect
from mailer.adapters.redis.delivery_ledger import RedisLedger
from mailer.adapters.redis.stream import GROUP
from mailer.domain.backoff import MAX_SECONDS
from mailer.domain.mail import State
from mailer.usecases.delivery_ports import AlreadyFinal, ClaimDeferred, ClaimGranted, Outcome
from tests.mailer.harness import MailerHarness, Published
from tests.support.harness.polling import wait_until

NewLedger = Callable[..., RedisLedger]


@pytest.fixture
def connections(harness: MailerHarness) -> Iterator[ThreadConnections]:
    with connect(harness.redis_server.url) as client:
        made = ThreadConnections(client)
        yield made
        made.close()


@pytest.fixture
def new_ledger(harness: MailerHarness, connections: ThreadConnections) -> NewLedger:
    def opened(owner: str, *, lease_ms: int = 60_000) -> RedisLedger:
        return RedisLedger(connections, owner=owner, lease_ms=lease_ms, clock=harness.clock)

    return opened


@pytest.fixture
def published(harness: MailerHarness) -> Published:
    """A mail request that the group has read."""
    published = harness.request("ming@example.com")
    harness.client.xgroup_create(MAIL_STREAM, GROUP, id="0")
    harness.client.xreadgroup(GROUP, "one", {MAIL_STREAM: ">"})
    return published


@pytest.fixture
def entry(published: Published) -> Entry:
    return entry_of(published)


def entry_of(published: Published) -> Entry:
    return Entry(published.entry_id, published.event, published.sealed)


def granted(ledger: RedisLedger, published: Published) -> ClaimGranted:
    claim = ledger.claim(entry_of(published))
    assert isinstance(claim, ClaimGranted)
    return claim


def refused(harness: MailerHarness) -> Outcome:
    return Outcome(State.REFUSED, harness.clock.now(), "mailbox_unknown", "5.1.1 No such user")


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_late_refusal_does_not_affect_the_new_owner_of_the_claim(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    late = new_ledger("late", lease_ms=0)
    taken_over_from = granted(late, published)
    granted(new_ledger("other"), published)

    late.complete(entry, taken_over_from, refused(harness))

    assert harness.state(published) == "claimed"
    assert harness.ledger(published)["token"].startswith("other/")
    assert (harness.dead(), harness.receipts(), harness.pending()) == ({}, [], 1)


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_a_late_acceptance_is_recorded_after_a_refusal(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    late = new_ledger("late", lease_ms=0)
    other = new_ledger("other")
    taken_over_from = granted(late, published)
    other.complete(entry, granted(other, published), refused(harness))

    late.complete(entry, taken_over_from, Outcome(State.SENT, harness.clock.now()))

    assert harness.state(published) == "sent"
    assert harness.dead() == {}
    assert [receipt["state"] for receipt in harness.receipts()] == ["refused", "sent"]
    assert harness.pending() == 0


@pytest.mark.rule("MAIL-3")
def test_an_outcome_is_recorded_when_redis_has_lost_the_claim(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    only = new_ledger("only")
    grant = granted(only, published)
    harness.client.delete(f"mailer:ledger:{published.event.id}")

    only.complete(entry, grant, refused(harness))

    assert harness.state(published) == "refused"
    assert harness.dead()[published.event.id]["attempts"] == 1


@pytest.mark.rule("MAIL-3")
def test_a_sent_mail_is_never_granted_again(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    only = new_ledger("only", lease_ms=0)
    only.complete(entry, granted(only, published), Outcome(State.SENT, harness.clock.now()))
    harness.clock.advance(days=1)

    again = only.claim(entry)

    assert not isinstance(again, ClaimGranted)
    assert harness.client.ttl(f"mailer:ledger:{published.event.id}") > timedelta(days=7).total_seconds()


@pytest.mark.rule("MAIL-3")
def test_an_entry_read_before_redis_lost_its_data_is_not_granted(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    other = new_ledger("other")
    frozen = new_ledger("frozen")
    other.complete(entry, granted(other, published), Outcome(State.SENT, harness.clock.now()))
    harness.redis_server.wipe()
    again = harness.request("hua@example.com")

    claims = frozen.claim_all([entry, entry_of(again)])

    assert [type(each) for each in claims] == [AlreadyFinal, ClaimGranted]


@pytest.mark.rule("MAIL-3", "OPS-7")
def test_a_claim_acknowledges_an_entry_only_if_its_mail_is_final(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    only = new_ledger("only")
    only.complete(entry, granted(only, published), Outcome(State.SENT, harness.clock.now()))
    again = dataclasses.replace(entry, id=harness.publish(published.event, published.sealed).entry_id)
    elsewhere = harness.request("hua@example.com")
    harness.client.xreadgroup(GROUP, "one", {MAIL_STREAM: ">"})
    harness.client.xdel(MAIL_STREAM, elsewhere.entry_id)

    claims = only.claim_all([again, entry_of(elsewhere)])

    assert [type(each) for each in claims] == [AlreadyFinal, AlreadyFinal]
    pending: Any = harness.client.xpending_range(MAIL_STREAM, GROUP, "-", "+", 10)
    assert [each["message_id"] for each in pending] == [elsewhere.entry_id]


@pytest.mark.rule("MAIL-3", "OPS-7")
def test_a_claim_is_verified_in_redis_after_a_reconnect(
    harness: MailerHarness, connections: ThreadConnections, new_ledger: NewLedger, published: Published
) -> None:
    only = new_ledger("only")
    grant = granted(only, published)
    harness.redis_server.wipe()
    before = only.owns(grant)

    harness.client.client_kill_filter(_type="normal", skipme=True)
    connections.current().ping()

    assert (before, only.owns(grant)) == (True, False)


@pytest.mark.rule("MAIL-3")
def test_a_claim_is_owned_until_another_mailer_takes_it(new_ledger: NewLedger, published: Published) -> None:
    slow = new_ledger("slow", lease_ms=0)
    grant = granted(slow, published)
    while_alone = slow.owns(grant)

    granted(new_ledger("other"), published)

    assert (while_alone, slow.owns(grant)) == (True, False)


@pytest.mark.rule("MAIL-3")
def test_within_its_lease_a_claim_is_owned_without_a_query_to_redis(
    harness: MailerHarness, new_ledger: NewLedger, published: Published
) -> None:
    quick = new_ledger("quick")
    grant = granted(quick, published)

    harness.redis_server.stop()

    assert quick.owns(grant)


@pytest.mark.rule("MAIL-3")
def test_a_claim_that_redis_has_lost_is_not_owned(
    harness: MailerHarness, new_ledger: NewLedger, published: Published
) -> None:
    only = new_ledger("only")
    grant = granted(only, published)

    harness.redis_server.wipe()
    only.renew()

    assert not only.owns(grant)


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_a_claim_released_while_redis_is_down_is_not_renewed(
    harness: MailerHarness, new_ledger: NewLedger, published: Published
) -> None:
    giving_up = new_ledger("one", lease_ms=200)
    grant = granted(giving_up, published)
    harness.redis_server.stop()
    wait_until(lambda: not giving_up.owns(grant), what="the lease's end on this mailer's clock")
    harness.redis_server.start()

    giving_up.release(grant)
    giving_up.renew()

    other = new_ledger("other")
    wait_until(
        lambda: isinstance(other.claim(entry_of(published)), ClaimGranted), what="the lease's end in Redis"
    )


@pytest.mark.rule("MAIL-5")
def test_other_mailers_check_a_deferral_by_their_own_clock(
    harness: MailerHarness, new_ledger: NewLedger, published: Published
) -> None:
    ahead = new_ledger("ahead")
    other = new_ledger("other")
    grant = granted(ahead, published)

    ahead.defer(grant, due=harness.clock.now() + timedelta(seconds=MAX_SECONDS), failed=True)
    in_time = other.claim(entry_of(published))
    ahead.defer(grant, due=harness.clock.now(), failed=False)
    again = ahead.claim(entry_of(published))
    assert isinstance(again, ClaimDeferred)
    harness.clock.advance(seconds=MAX_SECONDS)
    grant = granted(ahead, published)
    ahead.defer(grant, due=harness.clock.now() + timedelta(hours=1), failed=True)

    assert isinstance(in_time, ClaimDeferred)
    assert granted(other, published).tries == 2


@pytest.mark.rule("MAIL-3", "MAIL-5")
def test_only_an_acceptance_is_retried_when_redis_refuses_the_record(
    harness: MailerHarness, new_ledger: NewLedger, published: Published, entry: Entry
) -> None:
    only = new_ledger("only")
    grant = granted(only, published)
    harness.client.set("mailer:dead", "of another kind")

    with pytest.raises(ResponseError):
        only.complete(entry, grant, refused(harness))
    out = threading.Thread(
        target=only.complete, args=(entry, grant, Outcome(State.SENT, harness.clock.now()))
    )
    out.start()
    harness.client.delete("mailer:dead")
    out.join(10)

    assert harness.state(published) == "sent"

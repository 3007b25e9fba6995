"""The relay detects a loss of events in Redis by its checkpoint, and republishes the events (EVT-2, MAIL-3)."""

import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from identity.adapters.sql.outbox import SqlOutboxReader
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from identity.usecases.ports.stream import ConcurrentPublish
from port_events.envelope import MAIL_STREAM, STREAM, from_fields
from port_runtime.settings import load
from structlog.testing import capture_logs

from tests.support.actors.people import Person
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System
from tests.support.servers.redis import RedisServer


def _relay(system: System, redis: RedisServer) -> Relay:
    """Return a relay of the installation on a separate Redis."""
    settings = load(RelaySettings, {**system.environment, "REDIS_URL": redis.url})
    return Relay(settings, clock=system.clock)


def _published(installation: Installation) -> list[str]:
    query = "SELECT event_id FROM outbox WHERE position IS NOT NULL ORDER BY position"
    return [row[0] for row in installation.rows(query)]


def _mails(installation: Installation, people: list[Person]) -> list[int]:
    return [installation.mailbox.count(person.email) for person in people]


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_a_wiped_redis_gets_all_events_again_in_order_and_no_mail_is_duplicated(
    installation: Installation,
) -> None:
    installation.start("web", "relay", "mailer")
    people = [installation.register() for _ in range(2)]
    installation.wait_for_mails()

    installation.redis.wipe()
    people.append(installation.register())
    installation.wait_for_mails()
    wait_until(lambda: len(installation.published_ids()) >= 6, what="the lost events to be published again")

    assert installation.published_ids() == _published(installation)
    assert _mails(installation, people) == [1] * 3


@pytest.mark.rule("EVT-2")
def test_a_wipe_is_detected_without_new_events(installation: Installation) -> None:
    installation.start("web", "relay", "mailer")
    person = installation.register()
    installation.wait_for_mails()

    installation.redis.wipe()
    wait_until(lambda: len(installation.published_ids()) == 2, what="the events to be published again")

    assert installation.published_ids() == _published(installation)
    assert _mails(installation, [person]) == [1]


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_a_wipe_between_reading_the_checkpoint_and_publishing_is_detected_in_the_next_round(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [system.register()]
    system.wait_for_mails()
    people.append(system.register())
    assign = SqlOutboxReader.assign_positions

    def place_and_wipe(*arguments: Any, **named: Any) -> Any:
        assigned = assign(*arguments, **named)
        system.redis.wipe()
        return assigned

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(SqlOutboxReader, "assign_positions", place_and_wipe)
        with pytest.raises(ConcurrentPublish):
            system.relay.step()
    system.wait_for_mails()

    subjects = [(event.subject, event.sequence) for event in system.events()]
    assert subjects == [(person.id, sequence) for person in people for sequence in (1, 2)]
    assert [system.mailbox.count(person.email) for person in people] == [1, 1]


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_a_redis_restored_from_a_backup_gets_the_later_events(installation: Installation) -> None:
    installation.start("web", "relay", "mailer")
    people = [installation.register()]
    installation.wait_for_mails()
    copy = installation.redis.copy()
    people.append(installation.register())
    installation.wait_for_mails()

    installation.redis.restore(copy)
    people.append(installation.register())
    installation.wait_for_mails()
    wait_until(lambda: len(installation.published_ids()) >= 6, what="the lost events to be published again")

    assert installation.published_ids() == _published(installation)
    assert _mails(installation, people) == [1] * 3


@pytest.mark.rule("EVT-2", "EVT-7")
def test_republished_events_of_delivered_mails_carry_no_mail(system: System) -> None:
    person = system.register()
    system.wait_for_mails()

    with system.redis.client() as client:
        client.delete(*client.keys("identity.events:mark:*"))
    with capture_logs() as logs:
        system.publish()

    assert [line["log_level"] for line in logs if "no longer held" in line["event"]] == ["warning"]
    assert [entry.position for entry in system.entries()] == [1, 2, 1, 2]
    assert [entry.position for entry in system.entries(MAIL_STREAM)] == [2]
    assert system.mailbox.count(person.email) == 1


@pytest.mark.rule("EVT-2")
def test_events_older_than_the_stream_retention_are_not_republished(system: System) -> None:
    system.register()
    system.wait_for_mails()
    system.clock.advance(days=8)
    younger = system.register()
    system.publish()

    with system.redis.client() as client:
        client.delete(*client.keys("identity.events:mark:*"))
    published = system.publish()

    assert published == 2
    assert [event.subject for event in system.events()][-2:] == [younger.id] * 2


@pytest.mark.rule("EVT-2")
def test_a_deleted_stream_is_refilled_although_its_checkpoint_remains(
    system: System, start_redis: Callable[[], RedisServer]
) -> None:
    system.register()
    redis = start_redis()
    with contextlib.closing(_relay(system, redis)) as relay, redis.client() as client:
        relay.step()
        before = client.xlen(STREAM)
        client.delete(STREAM)

        relay.step()

        assert (before, client.xlen(STREAM)) == (2, 2)


@pytest.mark.rule("EVT-2")
def test_a_wiped_redis_gets_new_events_when_all_lost_events_are_too_old(
    system: System, start_redis: Callable[[], RedisServer]
) -> None:
    system.register()
    redis = start_redis()
    with contextlib.closing(_relay(system, redis)) as relay, redis.client() as client:
        relay.step()
        client.flushall()
        system.clock.advance(days=8)
        new = system.register()

        relay.step()

        entries: Any = client.xrange(STREAM)
        assert [from_fields(*entry).event.subject for entry in entries] == [new.id] * 2


@pytest.mark.rule("EVT-2")
def test_an_overtaken_relay_publishes_nothing(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Relay(load(RelaySettings, system.environment), clock=system.clock)
    person = system.register()
    assign = system.relay.outbox.assign_positions

    def place_and_wait_while_the_rival_publishes(now: datetime, **named: int) -> object:
        entries = assign(now, **named)
        rival.step()
        return entries

    assert system.relay.election.acquire()
    with monkeypatch.context() as late:
        late.setattr(system.relay.outbox, "assign_positions", place_and_wait_while_the_rival_publishes)
        with pytest.raises(ConcurrentPublish):
            system.relay.step()
    rival.close()

    assert [event.sequence for event in system.events(person.id)] == [1, 2]


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_events_positioned_by_a_deposed_relay_are_still_published(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the deposed relay has read the checkpoint, another relay leads, publishes and moves the checkpoint."""
    with contextlib.closing(Relay(load(RelaySettings, system.environment), clock=system.clock)) as rival:
        rival.step()
        people = [system.register()]
        assign = system.relay.outbox.assign_positions

        def assign_after_the_rival(now: datetime, **named: int) -> object:
            rival.step()
            people.append(system.register())
            return assign(now, **named)

        with monkeypatch.context() as late:
            late.setattr(system.relay.outbox, "assign_positions", assign_after_the_rival)
            with pytest.raises(ConcurrentPublish):
                system.relay.step()
        for _ in range(3):  # without new events
            rival.step()

    subjects = {person.id for person in people}
    entries = [entry for entry in system.entries() if entry.event.subject in subjects]
    assert [entry.position for entry in entries] == list(range(1, 2 * len(people) + 1))

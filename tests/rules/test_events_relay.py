"""From outbox to stream: at least once, in order, by one relay at a time (EVT-2)."""

import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import identity.bootstrap.relay
import pytest
from identity.adapters.redis_stream import RedisStream
from identity.adapters.sql.outbox import SqlOutboxReader
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from port_events.envelope import STREAM
from port_runtime.settings import load
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

from tests.support.actors.people import registration
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System


class CrashError(Exception):
    """Aborts the current round like a kill."""


def _crash(*_arguments: Any, **_named: Any) -> None:
    raise CrashError


@pytest.fixture
def other(system: System) -> Iterator[Relay]:
    relay = Relay(load(RelaySettings, system.environment), clock=system.clock)
    yield relay
    relay.election.release()
    relay.close()


@pytest.mark.rule("EVT-2")
def test_one_relay_leads_and_another_takes_over_after_its_release(system: System, other: Relay) -> None:
    first = system.register()
    system.publish()

    while_led = other.election.acquire()
    system.relay.election.release()
    wait_until(
        other.election.acquire, what="the leader lock to be released with the connection", timeout_seconds=10
    )
    second = system.register()
    published = other.step()

    assert (while_led, published) == (False, 2)
    assert system.rows("SELECT position FROM outbox ORDER BY id") == [(1,), (2,), (3,), (4,)]
    assert first.id != second.id


@pytest.mark.rule("EVT-2")
def test_a_relay_that_lost_its_connection_no_longer_leads(start_system_on_postgresql: StartSystem) -> None:
    system = start_system_on_postgresql()
    assert system.relay.election.acquire()

    system.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted) "
        "AND datname = current_database()"
    )
    with pytest.raises(OperationalError):
        system.relay.election.acquire()

    assert not system.relay.election.is_leader
    assert system.relay.election.acquire()


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_a_relay_killed_before_publishing_leaves_each_event_to_be_published_once(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.register()
    system.publish()
    person = system.register()

    with monkeypatch.context() as broken:
        broken.setattr(RedisStream, "publish", _crash)
        with pytest.raises(CrashError):
            system.relay.step()
    placed = system.rows("SELECT event_id, position FROM outbox ORDER BY id")
    with capture_logs() as logs:
        system.wait_for_mails()

    assert [event.sequence for event in system.events(person.id)] == [1, 2]
    assert system.rows("SELECT event_id, position FROM outbox ORDER BY id") == placed
    assert system.mailbox.count(person.email) == 1
    assert [line["log_level"] for line in logs if "arrived" in line["event"]] == ["info"]


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_a_relay_killed_before_the_acknowledgement_repeats_no_event(
    system: System, other: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.register()
    publish = RedisStream.publish

    def publish_and_crash(stream: RedisStream, *entries: Any, **named: Any) -> None:
        publish(stream, *entries, **named)
        raise CrashError

    assert system.relay.election.acquire()
    with monkeypatch.context() as broken:
        broken.setattr(RedisStream, "publish", publish_and_crash)
        with pytest.raises(CrashError):
            system.relay.step()
    published = other.step()

    assert published == 0
    assert [event.sequence for event in system.events(person.id)] == [1, 2]


@pytest.mark.rule("EVT-2", "EVT-6")
def test_each_entry_has_its_position_in_the_feed(system: System) -> None:
    first, second = system.register(), system.register()

    entries = [entry for entry in system.entries() if entry.event.subject in {first.id, second.id}]

    assert [entry.position for entry in entries] == [1, 2, 3, 4]
    assert system.rows("SELECT event_id FROM outbox ORDER BY position") == [
        (entry.event.id,) for entry in entries
    ]


@pytest.mark.rule("EVT-2", "EVT-6")
def test_positions_assigned_by_two_relays_at_once_have_no_gap_and_no_duplicate(
    system: System, other: Relay
) -> None:
    def assign(outbox: SqlOutboxReader) -> None:
        with contextlib.suppress(IntegrityError):  # the relay that loses the race retries in its next round
            outbox.assign_positions(system.clock.now(), beyond=0, limit=5)

    for _ in range(8):
        system.register()
        run_concurrently(
            [partial(assign, relay.outbox) for relay in (system.relay, other) * 2] + [system.register] * 2
        )
    while system.relay.outbox.assign_positions(system.clock.now(), beyond=0, limit=5):
        pass

    rows = system.rows("SELECT position FROM outbox ORDER BY position")
    assert [position for (position,) in rows] == list(range(1, 2 * 8 * 3 + 1))


@pytest.mark.rule("EVT-6")
def test_positions_of_a_restored_database_continue_after_the_positions_in_redis(system: System) -> None:
    system.register()
    system.publish()
    newest = f"{STREAM}:mark:{system.relay.outbox.epoch()}"
    with system.redis.client() as client:
        client.set(newest, 70)  # as if events missing in the restored copy had been published

    system.register()
    with capture_logs() as logs:
        system.publish()

    assert system.rows("SELECT position FROM outbox ORDER BY id") == [(1,), (2,), (72,), (73,)]
    assert [line["log_level"] for line in logs if "restored" in line["event"]] == ["warning"]


@pytest.mark.rule("EVT-2")
def test_a_receipt_that_could_not_be_recorded_is_recorded_later(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.register()
    system.mail(person.email)

    with monkeypatch.context() as broken:
        broken.setattr(system.relay.outbox, "record_receipts", _crash)
        with pytest.raises(CrashError):
            system.relay.receive(block_ms=2000)
    system.wait_for_mails()

    assert system.rows("SELECT mail_state FROM outbox WHERE mail_state IS NOT NULL") == [("sent",)]


@pytest.mark.rule("EVT-2")
def test_a_failed_commit_leaves_no_account_event_or_mail(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = registration()

    def fail(_work: object) -> None:
        raise OperationalError("COMMIT", None, Exception("the disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr("identity.adapters.sql.unit_of_work.SqlUnitOfWork.commit", fail)
        refused = system.visitor().post("/accounts", sent)
    published = system.publish()

    assert (refused.status_code, published) == (503, 0)
    assert system.rows("SELECT 1 FROM accounts UNION ALL SELECT 1 FROM outbox") == []
    assert system.visitor().post("/accounts", sent).status_code == 202


@pytest.mark.rule("EVT-2")
def test_a_relay_waits_for_a_silent_redis_only_once_in_a_round(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two time-outs another relay would take over."""
    monkeypatch.setattr(identity.bootstrap.relay, "REDIS_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = load(RelaySettings, {**system.environment, "REDIS_URL": url})
        with (
            contextlib.closing(Relay(settings, clock=system.clock)) as relay,
            pytest.raises(RedisTimeoutError),
        ):
            relay.step()

        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


@pytest.mark.rule("EVT-2")
def test_a_relay_recovers_from_a_commit_whose_answer_was_lost(system: System) -> None:
    system.register()
    system.publish()
    system.relay.outbox._position = 0  # noqa: SLF001  # as after a commit whose answer was lost
    system.register()

    system.publish()

    assert system.rows("SELECT count(*), max(position) FROM outbox") == [(4, 4)]
    assert len(system.events()) == 4

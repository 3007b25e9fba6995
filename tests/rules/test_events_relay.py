"""From outbox to stream: at least once, in order, by one relay at a time (EVT-2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from identity.relay import Relay
from identity.settings import RelaySettings
from port_runtime.settings import load
from sqlalchemy.exc import OperationalError

from tests.support.people import application
from tests.support.system import System
from tests.support.system_fixtures import StartSystem
from tests.support.waiting import wait_until


class CrashError(Exception):
    """Ends what is under way, as a kill does."""


@pytest.fixture
def other(system: System) -> Iterator[Relay]:
    """A second relay of the same installation."""
    relay = Relay(load(RelaySettings, system.environment), clock=system.clock)
    yield relay
    relay.leadership.resign()
    relay.close()


@pytest.mark.rule("EVT-2")
def test_one_relay_leads_and_the_other_takes_over_when_it_resigns(system: System, other: Relay) -> None:
    first = system.register()
    system.publish()

    while_led = other.leadership.lead()
    system.relay.leadership.resign()
    wait_until(
        other.leadership.lead, what="the lead, which PostgreSQL frees with the connection", timeout_seconds=2
    )
    second = system.register()
    published = other.step()

    assert (while_led, published) == (False, 2)
    assert system.rows("SELECT position FROM outbox ORDER BY id") == [(1,), (2,), (3,), (4,)]
    assert first.id != second.id


@pytest.mark.rule("EVT-2")
def test_a_relay_without_its_connection_no_longer_leads(start_system_on_postgresql: StartSystem) -> None:
    system = start_system_on_postgresql()
    assert system.relay.leadership.lead()

    system.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted) "
        "AND datname = current_database()"
    )
    with pytest.raises(OperationalError):
        system.relay.leadership.lead()

    assert not system.relay.leadership.leads
    assert system.relay.leadership.lead()


@pytest.mark.rule("EVT-2", "MAIL-3")
def test_a_relay_that_dies_between_stream_and_database_repeats_events_by_the_same_id_and_one_mail_goes_out(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.register()

    def crash(_ids: Sequence[int], _now: datetime) -> None:
        raise CrashError

    assert system.relay.leadership.lead()
    with monkeypatch.context() as broken:
        broken.setattr(system.relay.outbox, "mark_published", crash)
        with pytest.raises(CrashError):
            system.relay.step()
    events = system.events(person.id)
    system.settle()

    assert [event.id for event in events[:2]] == [event.id for event in events[2:]]
    assert len({event.id for event in events}) == 2
    assert system.mailbox.count(person.email) == 1


@pytest.mark.rule("EVT-2")
def test_a_receipt_that_could_not_be_noted_is_noted_later(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.register()
    system.mail(person.email)

    def crash(_receipts: object) -> None:
        raise CrashError

    with monkeypatch.context() as broken:
        broken.setattr(system.relay.outbox, "note_receipts", crash)
        with pytest.raises(CrashError):
            system.relay.note(block_ms=2000)
    system.relay.note(block_ms=200)

    assert system.rows("SELECT mail_state FROM outbox WHERE mail_state IS NOT NULL") == [("sent",)]


@pytest.mark.rule("EVT-2")
def test_what_failed_to_commit_leaves_neither_an_account_nor_an_event_nor_a_mail(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = application()

    def fail(_work: object) -> None:
        raise OperationalError("COMMIT", None, Exception("the disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr("identity.adapters.work.SqlUnitOfWork.commit", fail)
        refused = system.visitor().post("/accounts", sent)
    published = system.publish()

    assert (refused.status_code, published) == (503, 0)
    assert system.rows("SELECT 1 FROM accounts UNION ALL SELECT 1 FROM outbox") == []
    assert system.visitor().post("/accounts", sent).status_code == 202

"""`identity tidy` ends what lapsed and deletes expired rows, and may be repeated (VER-7, BIND-8, EVT-6)."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from identity.adapters.sql import purger
from identity.adapters.sql.purger import SqlPurger
from identity.usecases import lapse
from identity.usecases.tidy import CleanupResult, clean_up

from tests.support.actors.profile_changes import request_email_change
from tests.support.actors.service_clients import service_visitor
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program
from tests.support.harness.system import System
from tests.support.servers.postgres import has_lock_wait


def _tidy(system: System) -> CleanupResult:
    with system.app.app_context():
        return clean_up(system.ports, SqlPurger(system.engine))


def _positions(system: System) -> list[Any]:
    return [position for (position,) in system.rows("SELECT position FROM outbox ORDER BY id")]


@pytest.mark.rule("EVT-6")
def test_events_are_kept_for_the_feed_until_their_retention_ends(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_FEED_KEPT="30d")
    for _ in range(2):
        system.person()
    system.wait_for_mails()
    system.clock.advance(days=20)
    system.person()
    system.wait_for_mails()

    early = json_output(invoke(system, "tidy", "--json"))["facts"]
    system.clock.advance(days=10)
    late = json_output(invoke(system, "tidy", "--json"))["facts"]

    assert (early, late) == (0, 6)
    assert _positions(system) == [7, 8, 9]
    assert service_visitor(system, "events:read").get("/events?after=6").json()["next"] == 9


@pytest.mark.rule("EVT-6", "EVT-2")
def test_the_newest_event_stays_so_that_positions_continue(system: System) -> None:
    person = system.person()
    system.wait_for_mails()
    system.clock.advance(days=400)

    dropped = _tidy(system).events
    system.register()
    system.publish()

    assert dropped == 2
    assert _positions(system) == [3, 4, 5]
    assert system.event_types(person.id)[-1] == "account.email_verified"


@pytest.mark.rule("EVT-6", "EVT-2", "MAIL-3")
def test_unpublished_and_unmailed_events_and_all_later_events_are_kept(
    system: System,
) -> None:
    system.register()
    system.wait_for_mails()
    for _ in range(2):
        system.register()
    system.publish()  # events 4 and 6 request mails, whose receipts are not yet recorded
    system.register()
    unpublished = len(_positions(system)) - 6
    system.clock.advance(days=400)

    dropped = _tidy(system).events

    positions = _positions(system)
    assert dropped == 3
    assert positions[:3] == [4, 5, 6]
    assert positions[3 : 3 + unpublished] == [None] * unpublished


@pytest.mark.rule("EVT-6")
def test_many_rows_are_deleted_in_batches(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        system.register()
    system.wait_for_mails()
    system.clock.advance(days=400)
    monkeypatch.setattr(purger, "BATCH_SIZE", 3)

    dropped = SqlPurger(system.engine).purge_events(system.clock.now())

    assert dropped == 9
    assert _positions(system) == [10]


@pytest.mark.rule("VER-7", "BIND-8", "EVT-6")
def test_concurrent_cleanups_end_each_account_and_binding_once(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = system.person()
    binding_id = system.bind(system.logged_in(system.person("link")), general)
    people = [system.register() for _ in range(4)]
    system.wait_for_mails()
    system.clock.advance(days=400)
    monkeypatch.setattr(purger, "BATCH_SIZE", 2)
    published = len(_positions(system))

    tidied = run_concurrently([partial(_tidy, system) for _ in range(3)])

    assert sum(each.accounts for each in tidied) == len(people)
    assert sum(each.bindings for each in tidied) == 1
    assert sum(each.events for each in tidied) == published - 1
    assert system.rows("SELECT status FROM bindings WHERE id = :id", id=binding_id) == [("removed",)]
    for person in people:
        assert system.event_types(person.id)[-1:] == ["account.closed"]


@pytest.mark.rule("SEC-7", "LOGIN-6")
def test_only_sessions_past_either_limit_are_deleted(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_SESSION_IDLE="40m", IDENTITY_SESSION_ABSOLUTE="1h")
    people = [system.person() for _ in range(3)]
    used = system.logged_in(people[0])
    system.clock.advance(minutes=10)
    system.logged_in(people[1])  # this session is not used afterwards
    system.clock.advance(minutes=20)
    system.logged_in(people[2])
    used.get("/session")
    system.clock.advance(minutes=30)

    _tidy(system)

    assert system.rows("SELECT holder_id FROM sessions") == [(people[2].id,)]


@pytest.mark.rule("SEC-4")
def test_links_are_deleted_two_days_after_they_were_mailed(system: System) -> None:
    system.register()
    left = []
    for hours in (47, 1):
        system.clock.advance(hours=hours)
        _tidy(system)
        left.append(len(system.rows("SELECT 1 FROM mail_links")))

    assert left == [1, 0]


@pytest.mark.rule("PRO-2")
def test_only_expired_email_changes_are_deleted(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lapse, "_BATCH", 1)
    late, early = [system.person() for _ in range(2)], system.person()
    for person in late:
        request_email_change(system.logged_in(person), person)
    system.clock.advance(hours=23)
    email = request_email_change(system.logged_in(early), early)
    system.clock.advance(hours=1)

    done = [json_output(invoke(system, "tidy", "--json"))["email_changes"] for _ in range(2)]

    assert done == [2, 0]
    assert system.rows("SELECT id, pending_email FROM accounts WHERE pending_email IS NOT NULL") == [
        (early.id, email)
    ]


@pytest.mark.rule("LOGIN-2", "EVT-6")
def test_locked_rows_are_skipped_and_deleted_in_the_next_run(
    start_system_on_postgresql: StartSystem,
) -> None:
    system = start_system_on_postgresql()
    system.visitor().log_in(system.person())
    system.clock.advance(days=400)
    counted = "SELECT key FROM counters ORDER BY key"
    with system.engine.connect() as holder:
        locked = holder.exec_driver_sql(f"{counted} LIMIT 1 FOR UPDATE").all()

        _tidy(system)

        left = system.rows(counted)
    _tidy(system)

    assert (left, system.rows(counted)) == (locked, [])


@pytest.mark.rule("VER-7")
def test_a_stopped_cleanup_does_not_wait(start_system_on_postgresql: StartSystem, tmp_path: Path) -> None:
    system = start_system_on_postgresql()
    system.register()
    with system.engine.begin() as connection:
        # The command runs on the machine's clock.
        connection.exec_driver_sql("UPDATE accounts SET created_at = '2020-01-01'")
    with system.engine.connect() as holder:
        # The transaction is idle while the command starts, which may take long.
        holder.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        holder.exec_driver_sql("SELECT 1 FROM accounts FOR UPDATE")
        job = Program("identity", "tidy", environment=system.environment, directory=tmp_path)
        try:
            wait_until(lambda: has_lock_wait(system.engine), what="tidy to wait for the account")

            code = job.stop()
        finally:
            job.destroy()

    assert (code, job.output.split()[-1:]) == (1, ["Aborted!"])


@pytest.mark.rule("VER-7", "BIND-8")
def test_a_second_cleanup_does_nothing(system: System) -> None:
    system.bind(system.logged_in(system.person("link")), system.person())
    system.register()
    system.wait_for_mails()
    system.clock.advance(days=8)

    first, second = _tidy(system), _tidy(system)

    assert (first.accounts, first.bindings) == (1, 1)
    assert (second.accounts, second.bindings, second.rows, second.events) == (0, 0, 0, 0)

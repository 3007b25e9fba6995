"""One statement writes a session with its audit entry, or leaves both to the unit of work."""

import json
from typing import Any

import pytest
from identity.domain.audit import Caller, Entry
from identity.domain.session import MAX_SESSIONS, Session

from tests.support.actors.people import Person
from tests.support.harness.system import System


@pytest.fixture
def person(system: System) -> Person:
    return system.person()


def opened(system: System, person: Person, **changes: Any) -> bool:
    """Try to open a session in one statement; return whether it was opened."""
    now = system.clock.now()
    number = len(system.rows("SELECT id FROM sessions"))
    session = Session(
        id=f"session-{number}", token_digest=f"digest-{number}", holder_id=person.id, account_id=person.id,
        created_at=now, seen_at=now, expires_at=now + system.ports.rules.sessions.absolute,
        address="192.0.2.1", user_agent="test",
    )  # fmt: skip
    caller = Caller(kind="person", address="192.0.2.7", request_id="request")
    entry = Entry.of("session.opened", person.id, {"session_id": session.id}, caller=caller, at=now)
    values = {"credential_version": 1, "idle_since": now - system.ports.rules.sessions.idle, **changes}
    return system.ports.session_creation.open(session, entry, **values)


def is_postgresql(system: System) -> bool:
    return system.engine.dialect.name == "postgresql"


@pytest.mark.rule("LOGIN-1", "SEC-11")
def test_a_session_is_opened_with_its_audit_entry(system: System, person: Person) -> None:
    was_opened = opened(system, person)

    rows = system.rows("SELECT holder_id, address FROM sessions")
    audited = [(json.loads(row.detail)["session_id"], row.address) for row in system.audit("session.opened")]
    assert was_opened == is_postgresql(system)
    assert [tuple(row) for row in rows] == [(person.id, "192.0.2.1")] * was_opened
    assert audited == [("session-0", "192.0.2.7")] * was_opened


@pytest.mark.rule("SEC-7", "SEC-11")
def test_nothing_is_written_for_an_account_that_changed(system: System, person: Person) -> None:
    was_opened = opened(system, person, credential_version=2)

    assert (was_opened, system.rows("SELECT id FROM sessions")) == (False, [])
    assert system.audit("session.opened") == []


@pytest.mark.rule("SEC-19")
def test_a_session_over_the_limit_is_left_to_the_unit_of_work_which_ends_the_oldest(
    system: System, person: Person
) -> None:
    results = [opened(system, person) for _ in range(MAX_SESSIONS + 1)]

    assert results == [is_postgresql(system)] * MAX_SESSIONS + [False]


@pytest.mark.rule("SEC-11")
def test_the_commit_waits_for_the_disk(system: System, person: Person) -> None:
    if not is_postgresql(system):
        pytest.skip("SQLite opens no session in one statement")
    with system.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION keep_setting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " NEW.user_agent := current_setting('synchronous_commit'); RETURN NEW; END $$;"
            " CREATE TRIGGER keep_setting BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION keep_setting()"
        )

    opened(system, person)

    assert [row.user_agent for row in system.rows("SELECT user_agent FROM sessions")] == ["on"]

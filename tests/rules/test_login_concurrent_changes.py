"""Requests overtaken by a change after their password check, and logins refused as busy (SEC-7, PRO-4, SEC-1)."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from argon2 import PasswordHasher
from identity.adapters.argon2 import Argon2Passwords
from identity.adapters.sql.session_creation import SqlSessionCreation
from identity.adapters.sql.sessions import SqlSessions
from identity.domain.errors import Busy

from tests.support.actors.people import Person, Visitor
from tests.support.actors.service_clients import admin_client
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System

_HELD_SECONDS = 0.5


@pytest.fixture
def system(start_system: StartSystem) -> System:
    """A system with two hash slots, so that a password change can hash during a login."""
    return start_system(IDENTITY_HASH_SLOTS="2")


def change_password(owner: Visitor, person: Person) -> None:
    body = {"current": person.password, "new": "Lantern-Orchid-4417!"}
    changed = owner.put("/account/password", body)
    assert changed.status_code == 204, changed.text


def refusals(system: System, action: str) -> list[tuple[str, str]]:
    return [(row.account_id, json.loads(row.detail)["why"]) for row in system.audit(action)]


def overtake(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Run `change` once, right after the next password has been verified."""
    plain = PasswordHasher.verify
    pending = [change]

    def verify(hasher: PasswordHasher, *arguments: Any) -> Any:
        answer = plain(hasher, *arguments)
        if pending:
            pending.pop()()
        return answer

    monkeypatch.setattr(PasswordHasher, "verify", verify)


@pytest.mark.rule("SEC-7", "PRO-4")
def test_a_login_overtaken_by_a_password_change_opens_no_session(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.person()
    owner = system.logged_in(person)
    overtake(monkeypatch, partial(change_password, owner, person))

    late = system.visitor().log_in(person)

    assert (late.status_code, late.json()["code"]) == (401, "bad_credentials")
    assert len(owner.get("/sessions").json()["items"]) == 1
    assert refusals(system, "session.refused") == [(person.id, "bad_credentials")]


@pytest.mark.rule("OPS-2", "SEC-7")
@pytest.mark.parametrize(
    ("act", "refused"), [("suspend", (403, "account_suspended")), ("close", (401, "bad_credentials"))]
)
def test_a_login_overtaken_by_an_operators_change_opens_no_session(
    system: System, monkeypatch: pytest.MonkeyPatch, act: str, refused: tuple[int, str]
) -> None:
    person, service = system.person(), admin_client(system)
    overtake(monkeypatch, partial(service.act, person, act))

    late = system.visitor().log_in(person)

    assert (late.status_code, late.json()["code"]) == refused
    assert system.rows("SELECT 1 FROM sessions") == []


@pytest.mark.rule("SEC-7", "PRO-4")
def test_a_password_change_ends_the_session_of_a_concurrent_login(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.person()
    owner, late = system.logged_in(person), system.visitor()
    # As if the login had to end other sessions, so that it uses the unit of work.
    monkeypatch.setattr(SqlSessionCreation, "open", lambda *_arguments, **_named: False)
    plain, changing = SqlSessions.open, threading.Thread(target=change_password, args=(owner, person))

    def opened(sessions: SqlSessions, *arguments: Any, **named: Any) -> bool:
        answer = plain(sessions, *arguments, **named)
        changing.start()
        changing.join(_HELD_SECONDS)  # the change ends before the login only if the account is not locked
        return answer

    monkeypatch.setattr(SqlSessions, "open", opened)

    let_in = late.log_in(person)
    changing.join()

    assert (let_in.status_code, owner.get("/session").status_code) == (201, 200)
    assert late.get("/session").status_code == 401


_WAIT_IN_THE_STATEMENT = """
CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
CREATE TRIGGER wait_here BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION wait_here()
"""


@pytest.mark.rule("SEC-7", "PRO-4")
def test_a_password_change_waits_for_the_statement_that_opens_a_session(
    start_system_on_postgresql: StartSystem,
) -> None:
    system = start_system_on_postgresql(IDENTITY_HASH_SLOTS="2")
    person = system.person()
    owner, late = system.logged_in(person), system.visitor()
    with system.engine.begin() as connection:
        connection.exec_driver_sql(_WAIT_IN_THE_STATEMENT)

    with ThreadPoolExecutor(2) as pool, system.engine.connect() as holder:
        holder.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
        let_in = pool.submit(late.log_in, person)
        wait_until(lambda: lock_waits(system) == 1, what="the login to wait in its statement")
        changing = pool.submit(change_password, owner, person)
        wait_until(lambda: lock_waits(system) == 2, what="the password change to wait for the account")
        holder.rollback()
        changing.result(20)

    assert (let_in.result().status_code, late.get("/session").status_code) == (201, 401)


def lock_waits(system: System) -> int:
    (row,) = system.rows(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return int(row.n)


@pytest.mark.rule("BIND-3", "UNB-5")
def test_a_binding_overtaken_by_a_password_change_is_not_made(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    overtake(monkeypatch, partial(change_password, system.logged_in(general), general))

    late = link.post("/bindings", {"username": general.username, "password": general.password})

    assert (late.status_code, link.get("/bindings").json()["items"]) == (401, [])
    assert refusals(system, "binding.refused") == [(general.id, "bad_credentials")]


@pytest.mark.rule("PRO-2", "PRO-4")
def test_an_email_change_overtaken_by_a_password_change_is_not_made(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = system.person()
    owner, other = system.logged_in(person), system.logged_in(person)
    etag = other.get("/account").headers["ETag"]
    overtake(monkeypatch, partial(change_password, owner, person))

    changes = {"email": "somebody.else@example.com", "current_password": person.password}
    late = other.patch("/account", changes, **{"If-Match": etag})

    assert (late.status_code, late.json()["code"]) == (403, "bad_password")
    assert owner.get("/account").json()["pending_email"] is None


@pytest.mark.rule("LOGIN-2", "SEC-1")
def test_a_login_refused_as_busy_does_not_count_as_a_failure(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, visitor = system.person(), system.visitor()
    with monkeypatch.context() as full:
        full.setattr(Argon2Passwords, "verify", _busy)
        turned_away = [visitor.log_in(person).status_code for _ in range(6)]

    let_in = visitor.log_in(person)

    assert (turned_away, let_in.status_code) == ([503] * 6, 201)


def _busy(*_arguments: object) -> bool:
    raise Busy(1)

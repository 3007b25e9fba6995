"""A change that overtakes a login under way, and attempts that were never judged."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from identity.adapters.passwords import Argon2Passwords
from identity.adapters.sessions import SqlSessions
from identity.domain.errors import Busy

from tests.support.system import System
from tests.support.system_fixtures import StartSystem

NEW_PASSWORD = "Lantern-Orchid-4417!"
_HELD_SECONDS = 0.5


def refusals(system: System, action: str) -> list[tuple[str, str]]:
    return [(row.account_id, json.loads(row.detail)["why"]) for row in system.audit(action)]


def _overtake(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """Let a change be committed right after the next password was found right."""
    plain = PasswordHasher.verify
    pending = [change]

    def verify(hasher: PasswordHasher, *arguments: Any) -> Any:
        answer = plain(hasher, *arguments)
        if pending:
            pending.pop()()
        return answer

    monkeypatch.setattr(PasswordHasher, "verify", verify)


@pytest.mark.rule("SEC-7", "PRO-4")
def test_a_login_that_a_password_change_overtakes_opens_no_session(
    start_system: StartSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = start_system(IDENTITY_HASH_SLOTS="2")  # the change hashes while the login does
    person = system.person()
    owner = system.logged_in(person)

    def change() -> None:
        changed = owner.put("/account/password", {"current": person.password, "new": NEW_PASSWORD})
        assert changed.status_code == 204, changed.text

    _overtake(monkeypatch, change)

    late = system.visitor().log_in(person)

    assert (late.status_code, late.json()["code"]) == (401, "bad_credentials")
    assert len(owner.get("/sessions").json()["items"]) == 1
    assert refusals(system, "session.refused") == [(person.id, "bad_credentials")]


@pytest.mark.rule("SEC-7", "PRO-4")
def test_a_password_change_ends_the_session_that_a_login_is_just_opening(
    start_system: StartSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = start_system(IDENTITY_HASH_SLOTS="2")
    person = system.person()
    owner, late = system.logged_in(person), system.visitor()
    plain, ended = SqlSessions.open, threading.Event()

    def change() -> None:
        owner.put("/account/password", {"current": person.password, "new": NEW_PASSWORD})
        ended.set()

    changing = threading.Thread(target=change)

    def opened(sessions: SqlSessions, *arguments: Any, **named: Any) -> bool:
        answer = plain(sessions, *arguments, **named)
        changing.start()
        ended.wait(_HELD_SECONDS)  # it cannot end before the login does, unless the account is not held
        return answer

    monkeypatch.setattr(SqlSessions, "open", opened)

    let_in = late.log_in(person)
    changing.join()

    assert (let_in.status_code, owner.get("/session").status_code) == (201, 200)
    assert late.get("/session").status_code == 401


@pytest.mark.rule("BIND-3", "UNB-5")
def test_a_binding_that_a_password_change_overtakes_is_not_made(
    start_system: StartSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = start_system(IDENTITY_HASH_SLOTS="2")  # the change hashes while the login does
    link, general = system.logged_in(system.person("link")), system.person()
    owner = system.logged_in(general)

    def change() -> None:
        owner.put("/account/password", {"current": general.password, "new": NEW_PASSWORD})

    _overtake(monkeypatch, change)

    late = link.post("/bindings", {"username": general.username, "password": general.password})

    assert (late.status_code, link.get("/bindings").json()["items"]) == (401, [])
    assert refusals(system, "binding.refused") == [(general.id, "bad_credentials")]


@pytest.mark.rule("PRO-2", "PRO-4")
def test_a_change_of_mailbox_that_a_password_change_overtakes_is_not_asked_for(
    start_system: StartSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = start_system(IDENTITY_HASH_SLOTS="2")
    person = system.person()
    owner, other = system.logged_in(person), system.logged_in(person)
    etag = other.get("/account").headers["ETag"]

    def change() -> None:
        owner.put("/account/password", {"current": person.password, "new": NEW_PASSWORD})

    _overtake(monkeypatch, change)

    wanted = {"email": "somebody.else@example.com", "current_password": person.password}
    late = other.patch("/account", wanted, **{"If-Match": etag})

    assert (late.status_code, late.json()["code"]) == (403, "bad_password")
    assert owner.get("/account").json()["pending_email"] is None


@pytest.mark.rule("LOGIN-2", "SEC-1")
def test_a_login_that_was_turned_away_as_busy_is_no_failure(
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


@pytest.mark.rule("BIND-6", "SEC-4", "SEC-5")
def test_codes_and_links_outlive_a_change_of_keys(start_system: StartSystem) -> None:
    old, new = "an-older-signing-key-of-thirty-two-characters", "a-newer-signing-key-of-thirty-two-characters"
    before = start_system(IDENTITY_SECRET_KEYS=old)
    link, general = before.logged_in(before.person("link")), before.person()
    binding_id = before.bind(link, general)
    code, token = before.mail(general.email, "驗證碼").code, before.register().email
    link_token = before.mail(token, "註冊通知信件").token
    after = start_system(IDENTITY_SECRET_KEYS=f"{new},{old}")
    visitor = after.visitor()
    visitor.token = link.token

    verified = visitor.post(f"/bindings/{binding_id}/verify", {"code": code})
    confirmed = after.confirm(link_token)

    assert (verified.status_code, confirmed.status_code) == (200, 200)

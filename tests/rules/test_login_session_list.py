"""A person can list and end their open sessions (LOGIN-7)."""

import pytest

from tests.support.actors.people import Visitor
from tests.support.harness.system import System


def open_ids(visitor: Visitor) -> list[str]:
    return [session["id"] for session in visitor.get("/sessions").json()["items"]]


def current_id(visitor: Visitor) -> str:
    (current,) = (each for each in visitor.get("/sessions").json()["items"] if each["current"])
    return str(current["id"])


@pytest.mark.rule("LOGIN-7")
def test_each_open_session_shows_device_start_and_last_use(system: System) -> None:
    person = system.person()
    phone = system.visitor()
    phone.http.headers["User-Agent"] = "Phone/1.0"
    phone.log_in(person)
    began = f"{system.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    system.clock.advance(minutes=10)
    desk = system.logged_in(person)

    newest, oldest = desk.get("/sessions").json()["items"]

    assert (newest["current"], oldest["current"]) == (True, False)
    assert (oldest["user_agent"], oldest["address"]) == ("Phone/1.0", "127.0.0.1")
    assert (oldest["created_at"], oldest["last_seen_at"]) == (began, began)
    assert newest["last_seen_at"] == f"{system.clock.now():%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.rule("LOGIN-7")
def test_one_session_is_ended_at_once(system: System) -> None:
    person = system.person()
    here, there = system.logged_in(person), system.logged_in(person)

    ended = here.delete(f"/sessions/{current_id(there)}")

    assert ended.status_code == 204
    assert (here.get("/session").status_code, there.get("/session").status_code) == (200, 401)
    assert open_ids(here) == [current_id(here)]


@pytest.mark.rule("LOGIN-7")
def test_all_other_sessions_of_the_account_are_ended_at_once(system: System) -> None:
    person = system.person()
    here, *others = [system.logged_in(person) for _ in range(3)]
    stranger = system.logged_in(system.person())

    ended = here.delete("/sessions")

    assert ended.status_code == 204
    assert [visitor.get("/session").status_code for visitor in (here, *others, stranger)] == [
        200, 401, 401, 200,
    ]  # fmt: skip


@pytest.mark.rule("LOGIN-7")
def test_another_accounts_session_cannot_be_ended(system: System) -> None:
    mine, stranger = system.logged_in(system.person()), system.logged_in(system.person())

    refused = mine.delete(f"/sessions/{current_id(stranger)}")

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert stranger.get("/session").status_code == 200


@pytest.mark.rule("LOGIN-7", "LOGIN-6")
def test_a_session_that_has_timed_out_is_not_listed(system: System) -> None:
    person = system.person()
    system.logged_in(person)
    system.clock.advance(minutes=31)

    here = system.logged_in(person)

    assert open_ids(here) == [current_id(here)]


@pytest.mark.rule("LOGIN-7", "SW-5")
def test_a_switched_session_is_listed_for_the_link_account_and_not_for_the_general_account(
    system: System,
) -> None:
    link, general = system.person("link"), system.person()
    acting, own = system.logged_in(link), system.logged_in(link)
    acting.switch(system.bind_and_verify(acting, general))

    of_link = own.get("/sessions").json()["items"]
    of_general = system.logged_in(general).get("/sessions").json()["items"]
    own.delete("/sessions")

    assert sorted(session["switched"] for session in of_link) == [False, True]
    assert [session["switched"] for session in of_general] == [False]
    assert acting.get("/session").status_code == 401

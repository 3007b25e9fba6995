"""The limits on requests for codes, counted per general account (BIND-6, SEC-6)."""

import pytest

from tests.support.actors.people import Person, Visitor
from tests.support.harness.system import System


def ask(link: Visitor, general: Person) -> tuple[int, str]:
    answer = link.post("/bindings", {"username": general.username, "password": general.password})
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.rule("BIND-6", "SEC-6")
def test_codes_are_a_minute_apart(system: System) -> None:
    link = system.logged_in(system.person("link"))
    binding = system.bind(link, system.person())

    at_once = link.post(f"/bindings/{binding}/code")
    system.clock.advance(seconds=59)
    too_soon = link.post(f"/bindings/{binding}/code")
    system.clock.advance(seconds=1)
    in_time = link.post(f"/bindings/{binding}/code")

    assert (at_once.status_code, at_once.json()["code"]) == (429, "too_soon")
    assert (at_once.headers["Retry-After"], too_soon.headers["Retry-After"]) == ("60", "1")
    assert in_time.status_code == 202


@pytest.mark.rule("BIND-6", "SEC-6")
def test_unbinding_and_binding_again_does_not_reset_the_wait(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    link.delete(f"/bindings/{binding}")

    too_soon = ask(link, general)
    elsewhere = ask(system.logged_in(system.person("link")), general)
    system.clock.advance(seconds=60)
    in_time = ask(link, general)

    assert (too_soon, elsewhere) == ((429, "too_soon"), (429, "too_soon"))
    assert in_time == (201, "")


@pytest.mark.rule("BIND-6", "SEC-6")
def test_at_most_ten_codes_a_day_are_sent(system: System) -> None:
    person, general = system.person("link"), system.person()
    link = system.logged_in(person)
    binding = system.bind(link, general)
    for _ in range(8):
        system.clock.advance(minutes=20)
        link.post(f"/bindings/{binding}/code")
    link.delete(f"/bindings/{binding}")

    system.clock.advance(minutes=20)
    tenth = ask(link, general)
    system.clock.advance(minutes=20)
    eleventh = link.post(f"/bindings/{link.get('/bindings').json()['items'][0]['id']}/code")
    system.clock.advance(hours=21)
    next_day = system.logged_in(person).post(f"/bindings/{link_binding(system, general)}/code")

    assert tenth == (201, "")
    assert (eleventh.status_code, eleventh.json()["code"]) == (429, "too_soon")
    assert next_day.status_code == 202


def link_binding(system: System, general: Person) -> str:
    (row,) = system.rows("SELECT id FROM bindings WHERE live_general_id = :id", id=general.id)
    return str(row.id)


@pytest.mark.rule("BIND-6", "SEC-6")
def test_a_request_refused_during_the_wait_changes_nothing(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    link.delete(f"/bindings/{system.bind(link, general)}")
    before = system.event_types(general.id)

    ask(link, general)

    assert system.event_types(general.id) == before
    assert link.get("/bindings").json()["items"] == []


@pytest.mark.rule("BIND-6", "SEC-6")
def test_a_refused_request_leaves_the_existing_code_unchanged(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)

    link.post(f"/bindings/{binding}/code")

    code = system.mail(general.email, "驗證碼").code
    assert link.post(f"/bindings/{binding}/verify", {"code": code}).status_code == 200

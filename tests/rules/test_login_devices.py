"""A known browser has its own failure counter, so that strangers cannot lock out the owner (SEC-3)."""

import pytest

from tests.support.actors.failed_logins import WRONG, fail_logins
from tests.support.actors.people import Person, Visitor
from tests.support.harness.system import System

NEW_PASSWORD = "Lighthouse-Rope-42?"


def forget_and_reset(system: System, person: Person) -> tuple[Visitor, Person]:
    """Reset the password by the mailed link in a new browser; return the browser and the updated person."""
    browser = system.visitor()
    browser.post("/password-resets", {"username": person.username, "email": person.email})
    token = system.mail(person.email, "密碼").token
    answer = browser.post("/password-resets/confirm", {"token": token, "password": NEW_PASSWORD})
    assert answer.status_code == 204, answer.text
    return browser, Person(person.id, person.kind, person.username, person.email, NEW_PASSWORD)


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_known_browser_logs_in_while_strangers_have_locked_the_account(system: System) -> None:
    person = system.person()
    home = system.logged_in(person)
    home.delete("/session")
    fail_logins(system.visitor(), person, times=5)

    from_home, from_elsewhere = home.log_in(person), system.visitor().log_in(person)

    assert (from_home.status_code, from_elsewhere.status_code) == (201, 429)


@pytest.mark.rule("SEC-3")
def test_the_device_cookie_lasts_180_days(system: System) -> None:
    person = system.person()

    answer = system.visitor().log_in(person)

    (device,) = [line for line in answer.headers.get_list("Set-Cookie") if line.startswith("device")]
    assert f"Max-Age={180 * 86_400};" in device


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_known_browser_is_locked_only_by_its_own_failures(system: System) -> None:
    person = system.person()
    home = system.logged_in(person)

    failures = fail_logins(home, person, times=6)
    from_elsewhere = system.visitor().log_in(person)

    assert failures == [401, 401, 401, 401, 401, 429]
    assert from_elsewhere.status_code == 201


@pytest.mark.rule("SEC-3")
def test_two_accounts_of_one_browser_are_both_known(system: System) -> None:
    mine, second = system.person(), system.person()
    browser = system.logged_in(mine)
    browser.log_in(second)
    for person in (mine, second):
        fail_logins(system.visitor(), person, times=5)

    answers = [browser.log_in(person).status_code for person in (mine, second)]

    assert answers == [201, 201]


@pytest.mark.rule("SEC-3", "LOGIN-8")
def test_a_password_reset_clears_the_lock_and_makes_its_browser_known(system: System) -> None:
    person = system.person()
    fail_logins(system.visitor(), person, times=5)

    browser, renewed = forget_and_reset(system, person)
    at_once = system.visitor().log_in(renewed)
    fail_logins(system.visitor(), renewed, times=5)
    from_its_browser, from_elsewhere = browser.log_in(renewed), system.visitor().log_in(renewed)

    assert at_once.status_code == 201
    assert (from_its_browser.status_code, from_elsewhere.status_code) == (201, 429)


@pytest.mark.rule("SEC-3")
def test_a_password_change_elsewhere_makes_the_browser_unknown(system: System) -> None:
    person = system.person()
    thief = system.logged_in(person)
    _, renewed = forget_and_reset(system, person)

    fail_logins(system.visitor(), renewed, times=5)

    assert thief.log_in(renewed).status_code == 429


@pytest.mark.rule("SEC-3")
def test_a_browser_is_forgotten_after_180_days(system: System) -> None:
    person = system.person()
    home = system.logged_in(person)
    cookies = {cookie.name: str(cookie.value) for cookie in home.http.cookies.jar}

    system.clock.advance(days=180, seconds=1)
    fail_logins(system.visitor(), person, times=5)
    returning = system.visitor()
    returning.http.cookies.update(cookies)

    assert any(name.startswith("device") for name in cookies)
    assert returning.log_in(person).status_code == 429


@pytest.mark.rule("SEC-3")
def test_another_persons_cookie_does_not_make_a_browser_known(system: System) -> None:
    owner, other = system.person(), system.person()
    stranger = system.logged_in(other)

    fail_logins(system.visitor(), owner, times=5)

    assert stranger.log_in(owner).status_code == 429
    assert stranger.log_in(owner, password=WRONG).status_code == 429

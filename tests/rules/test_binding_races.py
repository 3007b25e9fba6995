"""Concurrent requests for bindings, codes and switches on PostgreSQL (BIND-3, BIND-4, BIND-6, SW-5)."""

from collections import Counter
from functools import partial

import pytest
from identity.domain.rate_limits import LOGIN_ACCOUNT

from tests.support.actors.people import Person, Visitor
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

MAX_AT_ONCE = LOGIN_ACCOUNT.max_count
"""The maximum number of concurrent password checks of an account; each counts as a failure until it succeeds."""


@pytest.fixture
def race(start_system_on_postgresql: StartSystem) -> System:
    """A system whose hash queue has room for all threads of a test."""
    return start_system_on_postgresql(IDENTITY_HASH_SLOTS="8", IDENTITY_HASH_QUEUE="15")


def ask(link: Visitor, general: Person) -> str:
    answer = link.post("/bindings", {"username": general.username, "password": general.password})
    return str(answer.json().get("code") or answer.json()["status"])


def give(link: Visitor, binding: str, code: str) -> str:
    answer = link.post(f"/bindings/{binding}/verify", {"code": code})
    return str(answer.json().get("code") or answer.json()["status"])


@pytest.mark.rule("BIND-4")
def test_when_two_link_accounts_bind_one_general_account_exactly_one_wins(race: System) -> None:
    one, two = (race.logged_in(race.person("link")) for _ in range(2))
    rounds = [race.person() for _ in range(10)]

    answers = [
        sorted(run_concurrently([partial(ask, one, person), partial(ask, two, person)])) for person in rounds
    ]

    assert answers == [["already_bound", "unverified"]] * len(rounds)
    for person in rounds:
        assert Counter(race.event_types(person.id))["binding.requested"] == 1
        assert len(race.rows("SELECT 1 FROM bindings WHERE general_account_id = :id", id=person.id)) == 1


@pytest.mark.rule("BIND-4")
def test_a_double_click_makes_one_binding(race: System) -> None:
    person, general = race.person("link"), race.person()
    browsers = [race.logged_in(person) for _ in range(MAX_AT_ONCE)]

    answers = run_concurrently([partial(ask, browser, general) for browser in browsers])

    assert Counter(answers) == {"unverified": 1, "already_bound": MAX_AT_ONCE - 1}
    assert race.event_types(general.id).count("bind_code.issued") == 1


@pytest.mark.rule("BIND-3")
def test_a_link_account_cannot_bind_itself(race: System) -> None:
    person = race.person("link")
    browsers = [race.logged_in(person) for _ in range(4)]

    answers = [run_concurrently([partial(ask, browser, person) for browser in browsers]) for _ in range(6)]

    assert answers == [["not_bindable"] * 4] * 6


@pytest.mark.rule("BIND-6", "SEC-5")
def test_concurrent_wrong_codes_count_exactly_five_tries(race: System) -> None:
    person, general = race.person("link"), race.person()
    browsers = [race.logged_in(person) for _ in range(12)]
    binding = race.bind(browsers[0], general)
    code = race.mail(general.email, "驗證碼").code
    wrong = [f"{(int(code) + step) % 1_000_000:06}" for step in range(1, 13)]

    answers = run_concurrently(
        [partial(give, browser, binding, guess) for browser, guess in zip(browsers, wrong, strict=True)]
    )

    (row,) = race.rows("SELECT tries FROM bind_codes WHERE binding_id = :id", id=binding)
    assert Counter(answers) == {"code_wrong": 5, "code_spent": 7}
    assert row.tries == 5
    assert give(browsers[0], binding, code) == "code_spent"


@pytest.mark.rule("BIND-6")
def test_concurrent_right_codes_verify_once(race: System) -> None:
    person, general = race.person("link"), race.person()
    browsers = [race.logged_in(person) for _ in range(6)]
    binding = race.bind(browsers[0], general)
    code = race.mail(general.email, "驗證碼").code

    answers = run_concurrently([partial(give, browser, binding, code) for browser in browsers])

    assert answers == ["verified"] * 6
    assert race.event_types(general.id).count("binding.verified") == 1


@pytest.mark.rule("SW-5", "UNB-2")
def test_no_session_acts_through_a_binding_that_ends_while_it_switches(race: System) -> None:
    person = race.person("link")
    for _ in range(6):
        link, general = race.logged_in(person), race.person()
        binding, owner = race.bind_and_verify(link, general), race.logged_in(general)

        run_concurrently(
            [
                partial(link.switch, binding),
                partial(owner.delete, "/account/binding"),
            ]
        )

        assert race.rows("SELECT 1 FROM sessions WHERE binding_id IS NOT NULL") == []
        race.clock.advance(minutes=2)

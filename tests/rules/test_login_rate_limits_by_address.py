"""Failed logins are limited by client address, which only trusted proxies may report (LOGIN-2, SEC-3)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from tests.support.actors.failed_logins import WRONG, fail_logins
from tests.support.actors.people import Person, unique
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

LIMIT = "6"
BEHIND_PROXY = {"IDENTITY_LOGIN_FAILURES_PER_ADDRESS": LIMIT, "IDENTITY_TRUSTED_PROXIES": "127.0.0.0/8"}


def log_in(system: System, username: str, password: str, *, forwarded_for: str) -> httpx.Response:
    return system.visitor().request(
        "POST",
        "/sessions",
        {"username": username, "password": password},
        **{"X-Forwarded-For": forwarded_for},
    )


def guess_names(system: System, *, times: int, forwarded_for: str) -> list[int]:
    """Try a different name each time, like password spraying."""
    return [
        log_in(system, f"nobody{unique()}", WRONG, forwarded_for=forwarded_for).status_code
        for _ in range(times)
    ]


def right(system: System, person: Person, *, forwarded_for: str) -> int:
    return log_in(system, person.username, person.password, forwarded_for=forwarded_for).status_code


def counters(system: System) -> set[str]:
    return {key for (key,) in system.rows("SELECT key FROM counters")}


def reasons(system: System) -> list[str]:
    """Return the recorded reasons of refused logins."""
    return [json.loads(row.detail)["why"] for row in system.audit("session.refused")]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Record the SQL statements executed in the block."""
    made: list[str] = []

    def record(*arguments: Any) -> None:
        made.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield made
    finally:
        event.remove(Engine, "before_cursor_execute", record)


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_an_address_that_tries_many_names_is_locked_and_others_are_not(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()

    guesses = guess_names(system, times=8, forwarded_for="192.0.2.7")

    assert guesses == [401] * 6 + [429] * 2
    assert right(system, person, forwarded_for="192.0.2.7") == 429
    assert right(system, person, forwarded_for="192.0.2.8") == 201


@pytest.mark.rule("SEC-3")
def test_tries_from_a_locked_address_do_not_lock_the_account(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    guess_names(system, times=6, forwarded_for="192.0.2.7")

    for _ in range(10):
        log_in(system, person.username, WRONG, forwarded_for="192.0.2.7")

    assert right(system, person, forwarded_for="192.0.2.8") == 201


@pytest.mark.rule("SEC-11", "SEC-3")
def test_a_locked_address_leaves_one_audit_row_a_minute_and_no_counters(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    guess_names(system, times=6, forwarded_for="192.0.2.7")
    before = counters(system)

    refused = guess_names(system, times=40, forwarded_for="192.0.2.7")
    known = right(system, person, forwarded_for="192.0.2.7")
    in_the_minute = reasons(system)
    system.clock.advance(minutes=1)
    refused += guess_names(system, times=3, forwarded_for="192.0.2.7")

    assert (refused, known) == ([429] * 43, 429)
    assert in_the_minute == ["bad_credentials"] * 6 + ["locked"]
    assert reasons(system) == [*in_the_minute, "locked"]
    assert [key.partition(":")[0] for key in counters(system) - before] == ["audit.refusal"]


@pytest.mark.rule("SEC-11", "SEC-3")
def test_every_name_tried_from_an_unlocked_address_leaves_a_row(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)

    guess_names(system, times=6, forwarded_for="192.0.2.7")

    assert reasons(system) == ["bad_credentials"] * 6


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_the_longer_of_address_and_account_lock_is_reported(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    guess_names(system, times=6, forwarded_for="192.0.2.7")
    system.clock.advance(minutes=5)
    for _ in range(5):
        log_in(system, person.username, WRONG, forwarded_for="192.0.2.8")

    refused = log_in(system, person.username, person.password, forwarded_for="192.0.2.7")

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")


@pytest.mark.rule("LOGIN-1", "SEC-3")
def test_a_locked_address_runs_the_same_statements_for_known_and_unknown_names(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    guess_names(system, times=7, forwarded_for="192.0.2.7")

    with statements() as of_known:
        right(system, person, forwarded_for="192.0.2.7")
    with statements() as of_unknown:
        guess_names(system, times=1, forwarded_for="192.0.2.7")

    assert of_known == of_unknown != []


@pytest.mark.rule("SEC-3")
def test_a_neighbour_who_locks_the_address_does_not_lock_known_browsers(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person, newcomer = system.person(), system.person()
    home = system.visitor()
    home.http.headers["X-Forwarded-For"] = "192.0.2.7"
    home.log_in(person)

    guess_names(system, times=7, forwarded_for="192.0.2.7")
    known, own_failures = home.log_in(person), fail_logins(home, person, times=6)

    assert (known.status_code, right(system, newcomer, forwarded_for="192.0.2.7")) == (201, 429)
    assert own_failures == [401] * 5 + [429]


@pytest.mark.rule("SEC-3")
def test_failures_of_a_known_browser_lock_nobody_else_at_its_address(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    first, second, newcomer = (system.person() for _ in range(3))
    home = system.visitor()
    home.http.headers["X-Forwarded-For"] = "192.0.2.7"
    for person in (first, second):
        home.log_in(person)

    for person in (first, second):
        fail_logins(home, person, times=5)

    assert right(system, newcomer, forwarded_for="192.0.2.7") == 201


@pytest.mark.rule("SEC-3", "SEC-6")
def test_a_client_with_many_64_bit_networks_is_locked_by_its_48_bit_network(
    start_system: StartSystem,
) -> None:
    system = start_system(**{**BEHIND_PROXY, "IDENTITY_LOGIN_FAILURES_PER_ADDRESS": "5"})
    person = system.person()

    for network in range(10):
        guess_names(system, times=5, forwarded_for=f"2001:db8:1:{network}::1")

    assert right(system, person, forwarded_for="2001:db8:1:ff::1") == 429
    assert right(system, person, forwarded_for="2001:db8:2:ff::1") == 201


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_the_lock_of_an_address_ends_by_itself(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()
    guess_names(system, times=7, forwarded_for="192.0.2.7")

    system.clock.advance(minutes=15)

    assert right(system, person, forwarded_for="192.0.2.7") == 201


@pytest.mark.rule("SEC-3")
def test_successful_logins_do_not_count_against_an_address(start_system: StartSystem) -> None:
    system = start_system(**BEHIND_PROXY)
    person = system.person()

    answers = [right(system, person, forwarded_for="192.0.2.7") for _ in range(9)]

    assert answers == [201] * 9


@pytest.mark.rule("SEC-3")
def test_a_forwarding_header_from_an_untrusted_peer_is_ignored(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_LOGIN_FAILURES_PER_ADDRESS=LIMIT)

    guesses = [guess_names(system, times=1, forwarded_for=f"192.0.2.{number}")[0] for number in range(1, 8)]

    assert guesses == [401] * 6 + [429]


@pytest.mark.rule("SEC-3")
def test_behind_a_proxy_only_the_nearest_address_counts(
    start_system: StartSystem,
) -> None:
    system = start_system(**BEHIND_PROXY)

    guesses = [
        guess_names(system, times=1, forwarded_for=f"198.51.100.{number}, 192.0.2.7")[0]
        for number in range(1, 8)
    ]

    assert guesses == [401] * 6 + [429]

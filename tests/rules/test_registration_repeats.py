"""A double click, a retry and concurrent requests create one account and send one mail (REG-13)."""

from functools import partial
from typing import Any

import pytest

from tests.support.actors.people import registration
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

AT_ONCE = 12


def mails_of(system: System, address: str) -> int:
    """Return the number of mails to an address after all mails are sent."""
    system.wait_for_mails()
    return system.mailbox.count(address)


@pytest.mark.rule("REG-13")
def test_the_same_registration_sent_again_gets_the_same_answer_and_no_second_mail(system: System) -> None:
    sent = registration()
    visitor = system.visitor()

    first, second = visitor.post("/accounts", sent), visitor.post("/accounts", sent)
    system.clock.advance(minutes=9, seconds=59)
    third = visitor.post("/accounts", sent)

    assert [answer.status_code for answer in (first, second, third)] == [202] * 3
    assert first.json() == second.json() == third.json()
    assert mails_of(system, sent["email"]) == 1


@pytest.mark.rule("REG-13")
def test_equivalent_fields_are_the_same_registration(system: System) -> None:
    sent = registration(mobile="0912345678")
    first = system.visitor().post("/accounts", sent)

    again = system.visitor().post(
        "/accounts", {**sent, "mobile": "+886-912-345-678", "email": sent["email"].upper()}
    )

    assert (again.status_code, again.json()) == (202, first.json())


@pytest.mark.rule("REG-13")
def test_after_ten_minutes_the_name_is_taken(system: System) -> None:
    sent = registration()
    system.visitor().post("/accounts", sent)

    system.clock.advance(minutes=10)
    answer = system.visitor().post("/accounts", sent)

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


@pytest.mark.rule("REG-13")
@pytest.mark.parametrize(
    "change",
    [
        {"kind": "link"},
        {"name": "錢小明"},
        {"mobile": "0987654321"},
        {"email": "another@example.com"},
        {"password": "Another-Crane-88!"},
        {"company": {**registration()["company"], "phone": "07-1234567"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_with_any_other_field_or_password_the_name_is_taken(system: System, change: dict[str, Any]) -> None:
    sent = registration()
    system.visitor().post("/accounts", sent)

    answer = system.visitor().post("/accounts", {**sent, **change})

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


@pytest.mark.rule("REG-13")
def test_once_verified_the_same_registration_is_refused(system: System) -> None:
    sent = registration()
    system.visitor().post("/accounts", sent)
    assert system.confirm(system.mail(sent["email"]).token).status_code == 200

    answer = system.visitor().post("/accounts", sent)

    assert answer.status_code == 409


@pytest.mark.rule("REG-13")
def test_parallel_requests_make_one_account_and_one_mail(start_system_on_postgresql: StartSystem) -> None:
    system = start_system_on_postgresql(IDENTITY_HASH_QUEUE="20")
    sent = registration()
    visitors = [system.visitor() for _ in range(AT_ONCE)]

    answers = run_concurrently([partial(visitor.post, "/accounts", sent) for visitor in visitors])

    assert [answer.status_code for answer in answers] == [202] * AT_ONCE
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(system.rows("SELECT 1 FROM accounts")) == 1
    assert system.event_types() == ["account.registered", "verification.requested"]
    assert mails_of(system, sent["email"]) == 1


@pytest.mark.rule("REG-3", "REG-13")
def test_of_concurrent_registrations_of_one_name_one_succeeds(
    start_system_on_postgresql: StartSystem,
) -> None:
    system = start_system_on_postgresql(IDENTITY_HASH_QUEUE="20")
    name = registration()["username"]
    bodies = [registration(username=name) for _ in range(AT_ONCE)]
    visitors = [system.visitor() for _ in bodies]

    answers = run_concurrently(
        [partial(visitor.post, "/accounts", sent) for visitor, sent in zip(visitors, bodies, strict=True)]
    )

    assert sorted(answer.status_code for answer in answers) == [202] + [409] * (AT_ONCE - 1)
    assert len(system.rows("SELECT 1 FROM accounts")) == 1

"""The limits on requested mails, by account and purpose and by mailbox (SEC-6)."""

import httpx
import pytest

from tests.support.actors.people import TAX_IDS, Person, Visitor, unique
from tests.support.harness.system import System


def _resend(visitor: Visitor) -> httpx.Response:
    return visitor.post("/email-verifications")


def _forgotten(system: System, person: Person, **changes: str) -> int:
    body = {"username": person.username, "email": person.email, **changes}
    return system.visitor().post("/password-resets", body).status_code


def _unverified(system: System, person: Person) -> Visitor:
    visitor = system.visitor()
    visitor.log_in(person)
    return visitor


@pytest.mark.rule("SEC-6", "VER-5")
def test_mails_of_one_purpose_are_a_minute_apart_and_the_answer_has_the_wait(system: System) -> None:
    person = system.register()
    visitor = _unverified(system, person)

    early = _resend(visitor)
    system.clock.advance(seconds=59)
    late = _resend(visitor)
    system.clock.advance(seconds=1)
    granted = _resend(visitor)

    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (429, "too_soon", "60")
    assert (late.status_code, late.headers["Retry-After"]) == (429, "1")
    assert granted.status_code == 202


@pytest.mark.rule("SEC-6", "VER-5")
def test_an_account_gets_at_most_ten_mails_of_one_purpose_a_day(system: System) -> None:
    person = system.register()
    answers = []

    for _ in range(11):
        system.clock.advance(minutes=20)
        answers.append(_resend(_unverified(system, person)))
    wait = int(answers[-1].headers["Retry-After"])
    system.clock.advance(seconds=wait)
    next_day = _resend(_unverified(system, person))

    assert [answer.status_code for answer in answers] == [202] * 9 + [429] * 2
    assert 3600 < wait <= 86400
    assert next_day.status_code == 202


@pytest.mark.rule("SEC-6")
def test_the_wait_of_one_account_does_not_delay_another_of_the_same_mailbox(system: System) -> None:
    mailbox = f"shared{unique()}@example.com"

    for _ in range(2):
        system.register(email=mailbox)

    assert len(system.mails(mailbox, count=2)) == 2


@pytest.mark.rule("SEC-6")
def test_a_mailbox_gets_at_most_ten_mails_an_hour_and_forty_a_day_without_revealing_it(
    system: System,
) -> None:
    mailbox = f"flooded{unique()}@example.com"
    counts = []

    for _ in range(5):
        for _ in range(12):
            system.register(email=mailbox)
        system.wait_for_mails()
        counts.append(system.mailbox.count(mailbox))
        system.clock.advance(hours=1)

    assert counts == [10, 20, 30, 40, 40]


@pytest.mark.rule("SEC-6", "LOGIN-8")
def test_resets_over_the_limit_of_the_submitted_values_are_silently_dropped(system: System) -> None:
    person = system.person()

    answers = [_forgotten(system, person) for _ in range(3)]
    answers += [_forgotten(system, person, username=f"nobody{unique()}") for _ in range(3)]
    system.wait_for_mails()
    in_the_minute = system.mailbox.count(person.email, "密碼")
    system.clock.advance(minutes=1)
    answers.append(_forgotten(system, person))
    system.wait_for_mails()

    assert answers == [202] * 7
    assert (in_the_minute, system.mailbox.count(person.email, "密碼")) == (1, 2)


@pytest.mark.rule("SEC-6", "LOGIN-2", "LOGIN-8")
def test_resets_that_send_nothing_do_not_count_against_the_mailbox(system: System) -> None:
    person, link = system.person(), system.logged_in(system.person("link"))

    made_up = [_forgotten(system, person, username=f"nobody{unique()}") for _ in range(40)]
    own = _forgotten(system, person)
    bound = link.post("/bindings", {"username": person.username, "password": person.password})
    system.register("link", email=person.email)
    system.wait_for_mails()

    assert (made_up, own, bound.status_code) == ([202] * 40, 202, 201)
    subjects = ("密碼重設", "驗證碼")
    assert [system.mailbox.count(person.email, subject) for subject in subjects] == [1, 1]
    assert system.mailbox.count(person.email, "註冊通知信件") == 2


@pytest.mark.rule("SEC-6", "LOGIN-8")
def test_a_mailbox_gets_at_most_ten_resets_an_hour_for_all_its_accounts(system: System) -> None:
    mailbox = f"shared{unique()}@example.com"
    people = [system.register(email=mailbox, company={"tax_id": tax_id}) for tax_id in TAX_IDS]
    people.append(system.register("link", email=mailbox))
    for mail in system.mails(mailbox, count=4):
        assert system.confirm(mail.token).status_code == 200

    answers = []
    for _ in range(3):
        answers += [_forgotten(system, person) for person in people]
        system.clock.advance(minutes=1)
    system.wait_for_mails()

    assert answers == [202] * 12
    assert system.mailbox.count(mailbox, "密碼重設") == 10

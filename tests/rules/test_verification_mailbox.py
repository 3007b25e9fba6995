"""An unverified account can correct its mailbox (VER-8)."""

import pytest
from identity.domain.rate_limits import MAILBOX_HOUR

from tests.support.actors.people import Visitor, unique
from tests.support.browser.plain_browser import AccountPage
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

PATH = "/email-verifications/mailbox"
WRONG = "Wrong-Crane-78!"


def correct(visitor: Visitor, email: str, password: str) -> tuple[int, str]:
    answer = visitor.put(PATH, {"email": email, "password": password})
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.rule("VER-8")
def test_a_new_link_is_mailed_to_the_corrected_mailbox_and_the_old_link_is_void(system: System) -> None:
    person, email = system.register(), f"right{unique()}@example.com"
    old = system.mail(person.email).token
    visitor = system.visitor()
    visitor.log_in(person)
    system.clock.advance(minutes=2)

    answer = correct(visitor, email, person.password)

    assert answer == (202, "")
    assert system.confirm(old).json()["code"] == "link_superseded"
    assert system.confirm(system.mail(email).token).status_code == 200
    assert visitor.get("/session").json()["next"] == "consent"
    assert [row.account_id for row in system.audit("account.mailbox_corrected")] == [person.id]


@pytest.mark.rule("VER-8")
def test_the_password_is_required_and_mails_are_limited(system: System) -> None:
    person = system.register()
    visitor = system.visitor()
    visitor.log_in(person)
    emails = [f"right{unique()}@example.com" for _ in range(3)]

    too_soon = correct(visitor, emails[0], person.password)
    system.clock.advance(minutes=2)
    wrong = correct(visitor, emails[1], WRONG)
    unchanged = correct(visitor, person.email, person.password)
    first, second = (correct(visitor, email, person.password) for email in emails[1:])

    assert (too_soon, wrong) == ((429, "too_soon"), (403, "bad_password"))
    assert unchanged == (422, "invalid_input")
    assert (first, second) == ((202, ""), (429, "too_soon"))


@pytest.mark.rule("VER-8", "SEC-6")
def test_a_mailbox_over_its_limit_does_not_block_a_correction_to_another(system: System) -> None:
    full = f"full{unique()}@example.com"
    for _ in range(MAILBOX_HOUR.max_count):
        system.register(email=full)
    person, visitor = system.register(), system.visitor()
    visitor.log_in(person)
    system.clock.advance(minutes=2)
    page = AccountPage(visitor, "/verification")

    refused = page.send("/verification/mailbox", email=full, password=person.password)
    shown = page.text
    corrected = page.send(
        "/verification/mailbox", email=f"right{unique()}@example.com", password=person.password
    )

    assert (refused.status_code, corrected.status_code) == (429, 303)
    assert normalize("寄至此 Email 的郵件過多，請於 58 分鐘後再試，或改填其他 Email") in shown
    assert normalize("後可更正 Email") not in shown


@pytest.mark.rule("VER-8", "REG-9")
def test_a_taken_mailbox_gets_the_same_answer_and_its_owner_a_notice(system: System) -> None:
    owner, person = system.person(), system.register()
    visitor = system.visitor()
    visitor.log_in(person)
    system.clock.advance(minutes=2)

    answer = correct(visitor, owner.email, person.password)

    assert answer == (202, "")
    assert "/email/verify" not in system.mail(owner.email, count=2).text


@pytest.mark.rule("VER-8")
def test_a_verified_account_cannot_correct_its_mailbox_this_way(system: System) -> None:
    person = system.person()
    visitor = system.visitor()
    visitor.log_in(person)

    answer = correct(visitor, f"right{unique()}@example.com", person.password)

    assert answer == (409, "already_verified")

"""The applicant learns the outcome of the review (REV-3)."""

import pytest

from tests.support.actors.people import Person, registration
from tests.support.browser.plain_browser import AccountPage
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

REASON = "公司統編與公司名稱不符"
WRONG = "Wrong-Crane-78!"


@pytest.fixture
def reviewing(start_system: StartSystem) -> System:
    return start_system(IDENTITY_REVIEW="both", IDENTITY_REVIEW_DAYS="5")


def reject(system: System, person: Person) -> None:
    assert invoke(system, "accounts", "reject", person.username, "--reason", REASON).exit_code == 0


def outcome(system: System, person: Person, password: str | None = None) -> tuple[int, str, str | None]:
    answer = system.visitor().log_in(person, password=password)
    return answer.status_code, answer.json()["code"], answer.json().get("reason")


@pytest.mark.rule("REV-3")
def test_the_open_session_shows_the_review_and_then_its_outcome(reviewing: System) -> None:
    person, visitor = reviewing.person(), reviewing.visitor()
    visitor.log_in(person)

    pending = AccountPage(visitor, "/review").text
    reject(reviewing, person)
    rejected = AccountPage(visitor, "/review").text

    assert "仍在審核中(查詢時間" in pending
    assert "審核通常需要5個工作天" in pending
    assert normalize(REASON) in rejected
    assert visitor.get("/session").status_code == 401


@pytest.mark.rule("REV-3")
def test_the_right_password_shows_the_outcome_for_30_days(reviewing: System) -> None:
    person = reviewing.person()
    reject(reviewing, person)

    first, wrong = outcome(reviewing, person), outcome(reviewing, person, WRONG)
    reviewing.clock.advance(days=29, hours=23)
    late = outcome(reviewing, person)
    reviewing.clock.advance(hours=1)
    invoke(reviewing, "tidy")

    assert first == late == (403, "review_rejected", REASON)
    assert wrong == outcome(reviewing, person) == (401, "bad_credentials", None)
    assert reviewing.rows("SELECT 1 FROM rejections") == []


@pytest.mark.rule("REV-3")
def test_a_new_account_with_the_name_is_not_affected(reviewing: System) -> None:
    person = reviewing.person()
    reject(reviewing, person)

    again = registration(username=person.username, email=person.email)
    reviewing.visitor().post("/accounts", again)

    assert reviewing.visitor().log_in(person).json()["next"] == "verify_email"


@pytest.mark.rule("REV-3", "OPS-6")
def test_erasing_the_account_erases_the_outcome(reviewing: System) -> None:
    person, visitor = reviewing.person(), reviewing.visitor()
    visitor.log_in(person)
    reject(reviewing, person)

    invoke(reviewing, "accounts", "erase", person.id, "--reason", "當事人請求", "--yes")

    assert reviewing.rows("SELECT 1 FROM rejections") == []
    assert outcome(reviewing, person) == (401, "bad_credentials", None)


@pytest.mark.rule("REV-3", "BIND-3")
def test_a_link_account_that_binds_a_rejected_account_learns_nothing(reviewing: System) -> None:
    person, owner = reviewing.person(), reviewing.person("link")
    invoke(reviewing, "accounts", "approve", owner.username, "--reason", "因故")
    reject(reviewing, person)

    answer = reviewing.logged_in(owner).post(
        "/bindings", {"username": person.username, "password": person.password}
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")

"""Accounts that need an operator's approval, and the commands for the review (REV-1, REV-2)."""

import json

import pytest

from tests.support.actors.people import registration
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


@pytest.mark.rule("REV-1")
@pytest.mark.parametrize(
    ("setting", "waiting"),
    [("none", set()), ("general", {"general"}), ("link", {"link"}), ("both", {"general", "link"})],
)
def test_the_setting_selects_which_kinds_need_approval(
    start_system: StartSystem, setting: str, waiting: set[str]
) -> None:
    system = start_system(IDENTITY_REVIEW=setting)

    steps = {}
    for kind in ("general", "link"):
        steps[kind] = system.visitor().log_in(system.person(kind)).json()["next"]

    assert steps == {kind: "await_review" if kind in waiting else "consent" for kind in ("general", "link")}


@pytest.mark.rule("REV-1", "SEC-14")
def test_in_production_the_setting_is_required(system: System) -> None:
    result = invoke(system, "check", IDENTITY_MODE="production")

    assert (result.exit_code, "IDENTITY_REVIEW" in result.output) == (2, True)


@pytest.mark.rule("REV-1", "SEC-14")
def test_each_value_of_the_setting_is_accepted_in_production(system: System) -> None:
    result = invoke(system, "check", IDENTITY_MODE="production", IDENTITY_REVIEW="none")

    assert "IDENTITY_REVIEW" not in result.output


@pytest.mark.rule("REV-1")
def test_an_account_in_review_has_no_access(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    person = system.person()
    visitor = system.visitor()
    visitor.log_in(person)

    answers = [visitor.get("/account"), visitor.accept_consents()]

    assert {(each.status_code, each.json()["code"], each.json()["next"]) for each in answers} == {
        (403, "step_open", "await_review")
    }
    assert visitor.get("/session").json()["rights"] == []


@pytest.mark.rule("REV-2")
def test_operators_list_accounts_in_review(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="general")
    waiting, _link, _unverified = system.person(), system.person("link"), system.register()

    listed = invoke(system, "accounts", "list", "--status", "awaiting_review", "--json")
    plain = invoke(system, "accounts", "list", "--status", "awaiting_review")

    assert [row["username"] for row in json.loads(listed.stdout)] == [waiting.username]
    assert (waiting.username in plain.stdout, "錢大明" in plain.stdout) == (True, True)


@pytest.mark.rule("REV-2")
@pytest.mark.parametrize(("kind", "word"), [("general", "一般帳號"), ("link", "鏈結帳號")])
def test_an_approved_applicant_gets_a_mail_and_continues(
    start_system: StartSystem, kind: str, word: str
) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    person = system.person(kind)

    done = invoke(system, "accounts", "approve", person.username, "--reason", "因故")
    mail = system.mail(person.email, "審核通過")

    assert (done.exit_code, done.stdout) == (0, f"{person.username}: active\n")
    assert (word in mail.text, person.username in mail.text) == (True, True)
    assert system.visitor().log_in(person).json()["next"] == "consent"
    assert system.event_types(person.id)[-1] == "account.approved"


@pytest.mark.rule("REV-2")
def test_a_rejected_applicant_gets_the_reason_and_name_and_mailbox_are_free_again(
    start_system: StartSystem,
) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    person = system.person()
    waiting = system.visitor()
    waiting.log_in(person)

    done = invoke(system, "accounts", "reject", person.username, "--reason", "公司統編與公司名稱不符")
    mail = system.mail(person.email, "審核未通過")
    again = system.visitor().post("/accounts", registration(username=person.username, email=person.email))

    assert (done.exit_code, done.stdout) == (0, f"{person.username}: closed\n")
    assert normalize("公司統編與公司名稱不符") in normalize(mail.text)
    assert waiting.get("/session").status_code == 401
    assert (again.status_code, again.json()["id"] != person.id) == (202, True)
    verified = system.confirm(system.mail(person.email, "註冊通知信件", count=2).token)
    assert (verified.status_code, verified.json()["status"]) == (200, "awaiting_review")
    assert system.event_types(person.id)[-2:] == ["account.rejected", "account.closed"]


@pytest.mark.rule("REV-2")
def test_a_rejection_requires_a_reason(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    person = system.person()

    done = invoke(system, "accounts", "reject", person.username)

    assert (done.exit_code, "--reason" in done.output) == (2, True)
    assert system.visitor().log_in(person).json()["next"] == "await_review"


@pytest.mark.rule("REV-2")
@pytest.mark.parametrize("act", ["approve", "reject", "reinstate"])
def test_a_command_that_the_state_does_not_allow_is_refused_in_one_line(system: System, act: str) -> None:
    person = system.person()

    done = invoke(system, "accounts", act, person.username, "--reason", "理由")
    nobody = invoke(system, "accounts", act, "nobody-of-that-name", "--reason", "理由")

    assert (done.exit_code, done.stderr) == (1, f"Error: {person.username}: it is active\n")
    assert (nobody.exit_code, nobody.stderr) == (1, "Error: nobody-of-that-name: not found\n")

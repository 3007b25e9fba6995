"""An unverified account can request the mail again (VER-5) and read the mail's state (VER-6)."""

import pytest

from tests.support.actors.people import Visitor
from tests.support.harness.system import System


def waiting_for_mail(system: System) -> tuple[Visitor, str]:
    """Return a visitor logged in to an unverified account, after its first mail, and the account's mailbox."""
    person = system.register()
    system.mail(person.email)
    visitor = system.visitor()
    assert visitor.log_in(person).status_code == 201
    return visitor, person.email


@pytest.mark.rule("VER-5")
def test_an_unverified_account_can_only_request_the_mail(system: System) -> None:
    person = system.register()
    visitor = system.visitor()

    answer = visitor.log_in(person).json()
    closed = [
        visitor.get("/account"),
        visitor.patch("/account", {"name": "錢小明"}, **{"If-Match": '"1"'}),
        visitor.put("/account/password", {"current": person.password, "new": "Another-Crane-88!"}),
        visitor.get("/account/binding"),
        visitor.accept_consents(),
    ]

    assert (answer["next"], answer["rights"]) == ("verify_email", [])
    assert {(each.status_code, each.json()["code"], each.json()["next"]) for each in closed} == {
        (403, "step_open", "verify_email")
    }


@pytest.mark.rule("VER-5", "SEC-6")
def test_a_new_mail_comes_after_the_wait_and_voids_the_older_link(system: System) -> None:
    visitor, email = waiting_for_mail(system)
    older = system.mail(email).token

    system.clock.advance(seconds=60)
    answer = visitor.post("/email-verifications")
    newer = system.mail(email, count=2).token

    assert answer.status_code == 202
    refused = system.confirm(older)
    assert (refused.status_code, refused.json()["code"]) == (410, "link_superseded")
    assert system.confirm(newer).status_code == 200


@pytest.mark.rule("VER-5", "SEC-6")
def test_a_mail_requested_too_soon_is_refused_with_the_wait(system: System) -> None:
    visitor, email = waiting_for_mail(system)

    system.clock.advance(seconds=15)
    answer = visitor.post("/email-verifications")
    system.wait_for_mails()

    assert (answer.status_code, answer.json()["code"]) == (429, "too_soon")
    assert answer.headers["Retry-After"] == "45"
    assert "45 秒" in answer.json()["detail"]
    assert system.mailbox.count(email) == 1


@pytest.mark.rule("VER-5", "SEC-6")
def test_the_daily_limit_is_refused_with_the_wait(system: System) -> None:
    person = system.register()
    visitor = system.visitor()

    answers = []
    for _ in range(10):
        system.clock.advance(minutes=10)
        visitor.log_in(person)
        answers.append(visitor.post("/email-verifications"))

    assert [answer.status_code for answer in answers] == [202] * 9 + [429]
    assert answers[-1].headers["Retry-After"] == str(24 * 3600 - 100 * 60)
    assert "分鐘" in answers[-1].json()["detail"]


@pytest.mark.rule("VER-5")
def test_a_verified_account_cannot_request_the_mail(system: System) -> None:
    visitor, email = waiting_for_mail(system)
    system.confirm(system.mail(email).token)

    system.clock.advance(seconds=60)
    answer = visitor.post("/email-verifications")

    assert answer.is_client_error
    assert system.event_types().count("verification.requested") == 1


@pytest.mark.rule("VER-5")
def test_requesting_the_mail_requires_a_session(system: System) -> None:
    assert system.visitor().post("/email-verifications").status_code == 401


@pytest.mark.rule("VER-6")
def test_the_session_shows_the_state_of_the_mail(system: System) -> None:
    person = system.register()
    visitor = system.visitor()
    visitor.log_in(person)

    before = visitor.get("/session").json()["verification_mail"]
    system.wait_for_mails()
    after = visitor.get("/session").json()["verification_mail"]

    assert (before["state"], after["state"], after["category"]) == ("waiting", "sent", None)
    assert after["at"] == system.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

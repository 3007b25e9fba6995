"""The state of the verification mail, from the mail server's answer to the portal page (VER-5, VER-6)."""

from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from identity.http.zh_tw.portal import REFUSED_BY_MAIL_SERVER
from mailer.domain.smtp_replies import RULES, UNREADABLE

from tests.support.actors.people import Person, Visitor, unique
from tests.support.browser.text_normalization import normalize, visible_text
from tests.support.harness.system import System
from tests.support.servers.smtp_script import Step


class Refused(NamedTuple):
    """A mail server's reply, and the text that the person sees."""

    category: str
    code: int
    text: str
    at: Step
    reason: str


REFUSALS = [
    Refused("mailbox_unknown", 550, "5.1.1 No such user", "rcpt", "收件信箱不存在"),
    Refused("mailbox_disabled", 550, "5.2.1 Disabled", "rcpt", "收件信箱已停用"),
    Refused("mailbox_full", 552, "5.2.2 Over quota", "rcpt", "收件信箱空間已滿"),
    Refused("not_accepted", 550, "5.7.1 Blocked by policy", "rcpt", "收件信箱的郵件系統拒收本系統的郵件"),
    Refused("message_refused", 554, "5.6.0 Bad content", "data", "收件信箱的郵件系統拒收這封郵件"),
]


def logged_in(system: System, person: Person) -> Visitor:
    visitor = system.visitor()
    assert visitor.log_in(person).json()["next"] == "verify_email"
    return visitor


def page(visitor: Visitor, path: str = "/verification") -> httpx.Response:
    return visitor.http.get(path, headers={"Authorization": f"Bearer {visitor.token}"})


def mail_state(visitor: Visitor) -> tuple[dict[str, Any], str]:
    """Return the mail's state in the API and on the page."""
    return visitor.get("/session").json()["verification_mail"], visible_text(page(visitor).text)


def in_taiwan(system: System) -> str:
    return normalize((system.clock.now() + timedelta(hours=8)).strftime("%Y/%m/%d %H:%M"))


@pytest.mark.rule("VER-6")
def test_a_mail_not_yet_accepted_is_shown_as_being_sent(system: System) -> None:
    person = system.register()

    mail, text = mail_state(logged_in(system, person))

    assert (mail["state"], mail["category"]) == ("waiting", None)
    assert normalize("郵件寄送中") in text
    assert normalize(person.email) in text


@pytest.mark.rule("VER-6")
def test_a_sent_mail_is_shown_with_taiwan_time(system: System) -> None:
    person = system.register()
    system.wait_for_mails()

    mail, text = mail_state(logged_in(system, person))

    assert mail == {
        "state": "sent",
        "at": system.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "category": None,
    }
    assert normalize(f"已於{in_taiwan(system)}寄出") in text


@pytest.mark.rule("VER-6")
@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: refused.category)
def test_a_refused_mail_is_shown_by_category_without_the_servers_text(
    system: System, refused: Refused
) -> None:
    email = f"refused{unique()}@example.com"
    system.servers.smtp.refuse(email, code=refused.code, text=refused.text, at=refused.at)
    person = system.register(email=email)
    system.wait_for_mails()

    mail, text = mail_state(logged_in(system, person))

    assert (mail["state"], mail["category"]) == ("refused", refused.category)
    assert normalize(refused.reason) in text
    assert normalize(REFUSED_BY_MAIL_SERVER[refused.category].advice) in text
    assert normalize(refused.text) not in text


@pytest.mark.rule("VER-6", "MAIL-4")
def test_an_expired_mail_is_shown_as_refused(system: System) -> None:
    person = system.register()
    system.clock.advance(hours=24)
    system.wait_for_mails()

    mail, text = mail_state(logged_in(system, person))

    assert (mail["state"], mail["category"]) == ("refused", "expired")
    assert normalize("郵件未能在連結有效時限內寄出") in text


@pytest.mark.rule("VER-6", "SEC-6")
def test_a_mail_withheld_by_the_mailbox_limit_is_shown_too(system: System) -> None:
    email = f"flooded{unique()}@example.com"
    people = [system.register(email=email) for _ in range(11)]

    mail, text = mail_state(logged_in(system, people[-1]))

    assert (mail["state"], mail["category"]) == ("refused", "mailbox_limit")
    assert normalize("此信箱近期的驗證信數量已達上限") in text


@pytest.mark.rule("VER-6")
def test_only_the_newest_mails_state_is_shown(system: System) -> None:
    email = f"refused{unique()}@example.com"
    system.servers.smtp.refuse(email, times=1)
    person = system.register(email=email)
    system.wait_for_mails()
    visitor = logged_in(system, person)

    system.clock.advance(seconds=60)
    visitor.post("/email-verifications")
    states = [mail_state(visitor)[0]["state"]]
    system.wait_for_mails()
    states.append(mail_state(visitor)[0]["state"])

    assert states == ["waiting", "sent"]


@pytest.mark.rule("VER-6")
def test_every_category_of_final_refusal_has_a_text() -> None:
    final = {rule.category for rule in RULES if rule.permanent} | {UNREADABLE}

    assert set(REFUSED_BY_MAIL_SERVER) == final
    assert all(advice.reason and advice.advice.endswith("。") for advice in REFUSED_BY_MAIL_SERVER.values())


@pytest.mark.rule("VER-5", "SEC-6")
def test_the_page_shows_the_wait_and_opening_it_does_not_count_as_a_request(system: System) -> None:
    person = system.register()
    visitor = logged_in(system, person)

    first = page(visitor).text
    system.clock.advance(seconds=15)
    later = [page(visitor).text for _ in range(12)][-1]
    system.clock.advance(seconds=45)
    open_again = page(visitor).text
    granted = visitor.post("/email-verifications")

    assert 'data-wait="60"' in first
    assert 'data-wait="45"' in later
    assert normalize("45秒後可補發驗證信") in visible_text(later)
    assert "data-wait=" not in open_again
    assert granted.status_code == 202


@pytest.mark.rule("VER-5", "SEC-6")
def test_at_the_daily_limit_the_page_shows_the_hours_left(system: System) -> None:
    person = system.register()
    for _ in range(9):
        system.clock.advance(minutes=10)
        logged_in(system, person).post("/email-verifications")

    system.clock.advance(minutes=10)
    text = visible_text(page(logged_in(system, person)).text)

    assert normalize("22小時20分鐘後可補發驗證信") in text
    assert normalize("24小時內最多寄送10封") in text


@pytest.mark.rule("VER-5")
@pytest.mark.parametrize("path", ["/review", "/consents", "/consents/hazard", "/home", "/profile"])
def test_every_page_redirects_an_unverified_account_to_the_verification_page(
    system: System, path: str
) -> None:
    visitor = logged_in(system, system.register())

    answer = page(visitor, path)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/verification")


@pytest.mark.rule("VER-5", "LOGIN-4")
def test_a_verified_account_is_redirected_from_the_page(system: System) -> None:
    visitor = system.visitor()
    visitor.log_in(system.person())

    answers = [page(visitor, path).headers["Location"] for path in ("/verification", "/review")]

    assert answers == ["/consents", "/consents"]

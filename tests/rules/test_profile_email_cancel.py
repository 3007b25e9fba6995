"""The old mailbox is mailed a notice of a change, whose link can cancel the change within 24 hours (PRO-3)."""

from typing import Any

import pytest

from tests.support.actors.people import Person, Visitor
from tests.support.actors.profile_changes import masked, request_email_change
from tests.support.browser.plain_browser import PlainBrowser
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

NEW_PASSWORD = "Another-Crane-88!"


def notice_of(system: System, person: Person, *, count: int = 1) -> str:
    """Return the token of the newest notice to the person's mailbox."""
    return system.mail(person.email, "Email 變更申請通知", count=count).token


def take_over(system: System, visitor: Visitor, person: Person) -> str:
    """Request a change and follow its link, like an intruder with the password; return the new mailbox."""
    email = request_email_change(visitor, person)
    assert system.confirm(system.mail(email, "Email 變更驗證").token).status_code == 200
    return email


def cancel(system: System, token: str) -> Any:
    """Use the link through the API; return status and body."""
    answer = system.visitor().post("/email-changes/cancel", {"token": token})
    return answer.status_code, answer.json()


def mailbox_of(system: System, person: Person, *, password: str | None = None) -> tuple[str, str | None]:
    """Return the person's current mailbox and the pending mailbox."""
    visitor = system.visitor()
    assert visitor.log_in(person, password=password).status_code == 201
    visitor.accept_consents()
    account = visitor.get("/account").json()
    return account["email"], account["pending_email"]


@pytest.mark.rule("PRO-3")
def test_the_old_mailbox_cancels_a_pending_change_and_all_sessions_end(system: System) -> None:
    person = system.person()
    intruder = system.logged_in(person)
    email = request_email_change(intruder, person)
    notice = system.mail(person.email, "Email 變更申請通知")

    cancelled = cancel(system, notice.token)
    confirmed = system.confirm(system.mail(email, "Email 變更驗證").token)

    assert (masked(email) in notice.text, email in notice.text + notice.html) == (True, False)
    assert cancelled == (
        200,
        {
            "username": person.username,
            "kind": "general",
            "status": "active",
            "restored": False,
            "already": False,
        },
    )
    assert (confirmed.status_code, confirmed.json()["code"]) == (410, "link_superseded")
    assert intruder.get("/account").status_code == 401
    assert mailbox_of(system, person) == (person.email, None)
    assert cancel(system, notice.token)[1]["already"] is True
    assert [row.account_id for row in system.audit("email_change.cancelled")] == [person.id]
    assert system.event_types(person.id)[-1] == "email_change.cancelled"
    assert normalize("此帳號使用的 Email 為本信箱") in normalize(
        system.mail(person.email, "Email 變更取消").text
    )


@pytest.mark.rule("PRO-3")
def test_the_old_mailbox_restores_itself_after_the_change_took_effect(system: System) -> None:
    person, link = system.person(), system.logged_in(system.person("link"))
    email = take_over(system, system.logged_in(person), person)
    intruder = system.logged_in(person)
    system.visitor().post("/password-resets", {"username": person.username, "email": email})
    reset = system.mail(email, "密碼重設").token
    binding = system.bind(link, person)
    code = system.mail(email, "驗證碼").code

    status, cancelled = cancel(system, notice_of(system, person))
    by_reset = system.visitor().post("/password-resets/confirm", {"token": reset, "password": NEW_PASSWORD})
    by_code = link.post(f"/bindings/{binding}/verify", {"code": code})

    assert (status, cancelled["restored"]) == (200, True)
    assert intruder.get("/account").status_code == 401
    assert (by_reset.status_code, by_code.status_code) == (410, 410)
    assert mailbox_of(system, person) == (person.email, None)
    notice, confirmation = (system.mail(each, "Email 變更取消").text for each in (email, person.email))
    assert normalize(f"現已透過原信箱的連結取消，並恢復為 {masked(person.email)}") in normalize(notice)
    assert "請點選" not in notice.partition("取消時間")[0]
    assert normalize("已透過寄至本信箱的連結取消。此帳號使用的 Email 為本信箱") in normalize(confirmation)


@pytest.mark.rule("PRO-3")
def test_an_intruder_cannot_void_the_link_by_another_change_or_a_new_password(system: System) -> None:
    person = system.person()
    second = take_over(system, system.logged_in(person), person)
    system.clock.advance(minutes=1)
    intruder = system.logged_in(person)
    third = take_over(system, intruder, person)
    intruder.log_in(person)
    intruder.put("/account/password", {"current": person.password, "new": NEW_PASSWORD})
    by_second = system.mail(second, "Email 變更申請通知").token

    status, cancelled = cancel(system, notice_of(system, person))

    assert (status, cancelled["restored"]) == (200, True)
    assert mailbox_of(system, person, password=NEW_PASSWORD) == (person.email, None)
    assert cancel(system, by_second)[1]["code"] == "link_superseded"
    assert person.username in system.mail(third, "Email 變更取消").text


@pytest.mark.rule("PRO-3")
def test_the_link_is_valid_for_24_hours(system: System) -> None:
    person = system.person()
    email = take_over(system, system.logged_in(person), person)
    token = notice_of(system, person)

    system.clock.advance(hours=24)

    assert (cancel(system, token)[0], cancel(system, token)[1]["code"]) == (410, "link_expired")
    assert mailbox_of(system, person)[0] == email


@pytest.mark.rule("PRO-3", "VER-4")
def test_only_the_newest_link_works_and_it_reports_a_withdrawn_change(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    request_email_change(visitor, person)
    first = notice_of(system, person)
    system.clock.advance(minutes=1)
    request_email_change(visitor, person)
    second = notice_of(system, person, count=2)
    visitor.delete("/account/pending-email")

    assert cancel(system, first)[1]["code"] == "link_superseded"
    assert cancel(system, second)[1]["already"] is True
    assert visitor.get("/account").status_code == 200


@pytest.mark.rule("PRO-3", "REG-9")
def test_a_mailbox_that_another_account_has_taken_cannot_be_restored(system: System) -> None:
    person = system.person()
    email = take_over(system, system.logged_in(person), person)
    token = notice_of(system, person)
    system.register(email=person.email)
    system.confirm(system.mail(person.email, "註冊通知信件", count=2).token)

    status, refused = cancel(system, token)

    assert (status, refused["code"]) == (409, "mailbox_taken")
    assert mailbox_of(system, person)[0] == email


@pytest.mark.rule("PRO-3", "SEC-4", "SEC-8")
def test_opening_the_page_changes_nothing_and_its_button_cancels(system: System) -> None:
    person = system.person()
    email = request_email_change(system.logged_in(person), person)
    link = system.mail(person.email, "Email 變更申請通知").link
    browser = PlainBrowser(system.visitor())

    opened = browser.open(link)
    pending = mailbox_of(system, person)
    done = opened.press()
    again = browser.open(link)

    assert (opened.has_button, normalize("繼續使用的 Email") in opened.text, pending[1]) == (
        True,
        True,
        email,
    )
    assert (opened.answer.headers["Referrer-Policy"], done.first.status_code) == ("no-referrer", 303)
    assert [normalize("Email 變更已取消") in page.text for page in (done, again)] == [True, True]
    assert mailbox_of(system, person) == (person.email, None)


@pytest.mark.rule("PRO-3", "VER-4")
@pytest.mark.parametrize("token", ["damaged", "of-another-purpose"])
def test_an_invalid_link_gets_a_page_with_the_next_step(system: System, token: str) -> None:
    if token == "of-another-purpose":
        token = system.mail(system.register().email).token

    page = PlainBrowser(system.visitor()).open(f"/email/cancel?token={token}")

    assert (page.status, normalize("請從信件複製完整的網址") in page.text) == (400, True)
    assert "/password/forgotten" in page.links


@pytest.mark.rule("PRO-3", "SEC-7")
def test_a_change_ends_all_sessions_except_the_session_that_follows_the_link(system: System) -> None:
    person, link = system.person(), system.logged_in(system.person("link"))
    own, other = system.logged_in(person), system.logged_in(person)
    binding = system.bind_and_verify(link, person)
    link.switch(binding)
    email = request_email_change(other, person)

    own.post("/email-verifications/confirm", {"token": system.mail(email, "Email 變更驗證").token})

    assert [visitor.get("/session").status_code for visitor in (own, other, link)] == [200, 401, 401]


@pytest.mark.rule("PRO-3", "SEC-7")
def test_a_switched_session_ends_even_if_the_link_is_followed_in_it(system: System) -> None:
    person, link = system.person(), system.logged_in(system.person("link"))
    link.switch(system.bind_and_verify(link, person))
    email = request_email_change(system.logged_in(person), person)

    link.post("/email-verifications/confirm", {"token": system.mail(email, "Email 變更驗證").token})

    assert link.get("/session").status_code == 401

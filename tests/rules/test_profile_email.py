"""A new mailbox is verified before it replaces the old one (PRO-2)."""

import pytest

from tests.support.actors.people import unique
from tests.support.actors.profile_changes import request_email_change, save
from tests.support.browser.plain_browser import AccountPage, PlainBrowser
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System


@pytest.mark.rule("PRO-2")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_a_new_mailbox_is_active_once_its_link_is_followed(system: System, kind: str) -> None:
    person = system.person(kind)
    visitor = system.logged_in(person)

    email = request_email_change(visitor, person)
    pending = visitor.get("/account").json()
    confirmed = system.confirm(system.mail(email, "Email 變更驗證").token)
    done = system.logged_in(person).get("/account").json()

    assert (pending["email"], pending["pending_email"]) == (person.email, email)
    assert confirmed.json() == {
        "username": person.username,
        "kind": kind,
        "status": "active",
        "purpose": "email_change",
        "already": False,
    }
    assert (done["email"], done["pending_email"]) == (email, None)
    assert system.event_types(person.id)[-3:] == [
        "email_change.requested",
        "email_change.announced",
        "account.email_changed",
    ]


@pytest.mark.rule("PRO-2")
@pytest.mark.parametrize("password", [None, "", "Wrong-Crane-88!"])
def test_a_change_requires_the_current_password(system: System, password: str | None) -> None:
    visitor = system.logged_in(system.person())
    proof = {} if password is None else {"current_password": password}

    refused = save(visitor, {"email": f"new{unique()}@example.com", **proof})

    assert (refused.status_code, refused.json()["code"]) == (403, "bad_password")
    assert visitor.get("/account").json()["pending_email"] is None


@pytest.mark.rule("PRO-2", "VER-4")
def test_the_link_is_valid_for_24_hours_and_the_old_mailbox_stays_until_then(system: System) -> None:
    person = system.person()
    email = request_email_change(system.logged_in(person), person)
    token = system.mail(email, "Email 變更驗證").token

    system.clock.advance(hours=24)
    answer = system.confirm(token)

    assert (answer.status_code, answer.json()["code"]) == (410, "link_expired")
    assert system.logged_in(person).get("/account").json()["email"] == person.email


@pytest.mark.rule("PRO-2")
def test_a_change_is_pending_only_while_its_link_is_valid(system: System) -> None:
    person = system.person()
    email = request_email_change(system.logged_in(person), person)
    pending, shown, visitor = [], [], system.visitor()

    for hours in (23, 1, 96):
        system.clock.advance(hours=hours)
        visitor = system.logged_in(person)
        pending.append(visitor.get("/account").json()["pending_email"])
        shown.append(email in AccountPage(visitor).answer.text)

    assert (pending, shown) == ([email, None, None], [True, False, False])
    assert visitor.delete("/account/pending-email").status_code == 404
    assert save(visitor, {"name": "錢小明"}).json()["pending_email"] is None
    assert system.rows("SELECT pending_email FROM accounts") == [(None,)]


@pytest.mark.rule("PRO-2", "OPS-1")
def test_operators_do_not_see_an_expired_change(system: System) -> None:
    person = system.person()
    request_email_change(system.logged_in(person), person)
    system.clock.advance(hours=24)

    shown = json_output(invoke(system, "accounts", "show", person.username, "--json"))
    resent = invoke(system, "accounts", "resend-mail", person.username, "--reason", "本人來電")

    assert (shown["pending_email"], resent.exit_code) == (None, 1)


@pytest.mark.rule("PRO-2")
def test_a_pending_mailbox_can_be_withdrawn(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    token = system.mail(request_email_change(visitor, person), "Email 變更驗證").token

    withdrawn = visitor.delete("/account/pending-email")
    answer = system.confirm(token)

    assert withdrawn.status_code == 204
    assert (answer.status_code, answer.json()["code"]) == (410, "link_superseded")
    account = visitor.get("/account").json()
    assert (account["email"], account["pending_email"]) == (person.email, None)
    assert visitor.delete("/account/pending-email").status_code == 404


@pytest.mark.rule("PRO-2", "SEC-6")
def test_a_second_change_must_wait_and_voids_the_first(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    first = system.mail(request_email_change(visitor, person), "Email 變更驗證").token

    proof = {"email": f"new{unique()}@example.com", "current_password": person.password}
    too_soon = save(visitor, proof)
    system.clock.advance(seconds=60)
    second = request_email_change(visitor, person)

    assert (too_soon.status_code, too_soon.json()["code"]) == (429, "too_soon")
    assert system.confirm(first).json()["code"] == "link_superseded"
    assert system.confirm(system.mail(second, "Email 變更驗證").token).status_code == 200


@pytest.mark.rule("PRO-2", "REG-9")
def test_a_taken_mailbox_gets_the_same_answer_and_its_owner_a_notice_instead_of_a_link(
    system: System,
) -> None:
    owner, person = system.person(), system.person()
    visitor = system.logged_in(person)
    system.wait_for_mails()
    system.mailbox.clear()

    answer = save(visitor, {"email": owner.email, "current_password": person.password})
    notice = system.mail(owner.email)
    system.wait_for_mails()
    announced = system.mailbox.count(person.email, "Email 變更申請通知")

    assert (answer.status_code, answer.json()["pending_email"]) == (200, owner.email)
    assert (normalize("Email已被使用通知") in normalize(notice.subject), "?token=" in notice.text) == (
        True,
        False,
    )
    assert (announced, system.mailbox.count()) == (1, 2)


@pytest.mark.rule("PRO-2", "REG-9")
def test_a_mailbox_taken_before_the_link_is_followed_is_reported(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    email = request_email_change(visitor, person)
    link = system.mail(email, "Email 變更驗證").link
    system.person(email=email)

    page = PlainBrowser(system.visitor()).open(link).press()

    assert (page.status, normalize("此 Email 已由其他帳號使用") in page.text) == (409, True)
    assert visitor.get("/account").json()["email"] == person.email


@pytest.mark.rule("PRO-2", "SEC-4")
def test_the_page_changes_nothing_until_its_button_is_pressed(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    page = PlainBrowser(system.visitor()).open(
        system.mail(request_email_change(visitor, person), "Email 變更驗證").link
    )

    before = visitor.get("/account").json()["email"]
    done, again = page.press(), page.press()

    assert (before, page.has_button) == (person.email, True)
    assert normalize("Email驗證成功") in done.text
    assert normalize("請重新登入確認 Email 資訊是否正確!!") in done.text
    assert normalize("已完成驗證") in again.text

"""The pages of mailed links: only the button changes data, not opening the page (VER-2 to VER-4, SEC-8)."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.support.actors.people import Person
from tests.support.browser.plain_browser import PlainBrowser
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

NEW = "Another-Crane-88!"


def verified(system: System) -> int:
    """Return the number of accounts with a verified mailbox."""
    return len(system.rows("SELECT 1 FROM accounts WHERE email_verified_at IS NOT NULL"))


@pytest.mark.rule("VER-2", "SEC-4")
def test_opening_the_link_changes_nothing_and_its_button_verifies(system: System) -> None:
    person = system.register("link")
    link = system.mail(person.email).link

    page = [PlainBrowser(system.visitor()).open(link) for _ in range(3)][-1]
    before, done = verified(system), page.press()

    assert (page.status, page.has_button, before) == (200, True, 0)
    assert (done.status, verified(system)) == (200, 1)


@pytest.mark.rule("VER-3")
def test_the_success_page_links_to_the_login(system: System) -> None:
    link = system.mail(system.register().email).link

    page = PlainBrowser(system.visitor()).open(link).press()

    assert normalize("Email驗證成功") in page.text
    assert page.links == ["/"]
    assert normalize("前往登入") in page.text


@pytest.mark.rule("VER-2", "VER-3")
def test_reloading_the_success_page_reports_a_verified_mailbox(system: System) -> None:
    browser = PlainBrowser(system.visitor())
    link = system.mail(system.register().email).link
    done = browser.open(link).press()

    reloaded, elsewhere = done.reload(), PlainBrowser(system.visitor()).open(link)

    assert (done.answer.request.method, normalize("已完成驗證") in done.text) == ("GET", False)
    for page in (reloaded, elsewhere):
        assert (page.status, normalize("已完成驗證") in page.text, page.has_button) == (200, True, False)


@pytest.mark.rule("VER-3", "REV-1")
@pytest.mark.parametrize(
    ("kind", "review", "next_words"),
    [
        ("general", "none", "現在可以登入通行證系統。"),
        ("link", "none", "進行一般帳號綁定"),
        ("general", "both", "帳號將由系統管理單位審核"),
        ("link", "both", "註冊帳號審核通過後"),
    ],
)
def test_the_success_page_shows_the_next_step(
    start_system: StartSystem, kind: str, review: str, next_words: str
) -> None:
    system = start_system(IDENTITY_REVIEW=review)
    link = system.mail(system.register(kind).email).link

    page = PlainBrowser(system.visitor()).open(link).press()

    assert normalize(next_words) in page.text
    assert (normalize("審核") in page.text) == (review == "both")


@pytest.mark.rule("VER-2")
def test_pressing_the_button_again_reports_a_verified_mailbox(system: System) -> None:
    browser = PlainBrowser(system.visitor())
    page = browser.open(system.mail(system.register().email).link)
    page.press()

    again = page.press()

    assert (again.status, normalize("已完成驗證") in again.text) == (200, True)


@pytest.mark.rule("VER-2", "SEC-8")
@pytest.mark.parametrize("csrf_token", ["", "made-up"])
def test_a_form_without_the_browsers_csrf_token_is_refused_and_can_be_resent(
    system: System, csrf_token: str
) -> None:
    page = PlainBrowser(system.visitor()).open(system.mail(system.register().email).link)

    refused = page.press(csrf_token=csrf_token)

    assert (refused.status, verified(system)) == (400, 0)
    assert normalize("請確認內容後再送出一次") in refused.text
    assert normalize("Email驗證成功") in refused.press().text
    assert verified(system) == 1


@pytest.mark.rule("SEC-8")
def test_another_browsers_csrf_token_is_refused(system: System) -> None:
    link = system.mail(system.register().email).link
    foreign = PlainBrowser(system.visitor()).open(link).fields["csrf_token"]

    refused = PlainBrowser(system.visitor()).open(link).press(csrf_token=foreign)

    assert (refused.status, verified(system)) == (400, 0)


@pytest.mark.rule("VER-4")
def test_the_page_of_an_expired_link_asks_to_log_in_and_request_a_new_link(system: System) -> None:
    page = PlainBrowser(system.visitor()).open(system.mail(system.register().email).link)

    system.clock.advance(hours=24)
    refused = page.press()

    assert (refused.status, refused.has_button, refused.links[0]) == (410, False, "/")
    assert normalize("連結已失效,請重新登入申請補發") in refused.text
    assert normalize("【補發驗證信】") in refused.text


@pytest.mark.rule("VER-4")
@pytest.mark.parametrize("path", ["/email/verify", "/email/change", "/password/reset"])
def test_a_damaged_link_gets_a_clear_page(system: System, path: str) -> None:
    browser = PlainBrowser(system.visitor())
    csrf_token = browser.open("/").fields["csrf_token"]
    sent = {"csrf_token": csrf_token, "token": "damaged", "password": NEW, "password_again": NEW}

    without, damaged = browser.open(path), browser.open(f"{path}?token=damaged")
    pressed = browser.post(path, sent)

    for page in (without, damaged, pressed):
        assert (page.status, page.has_button) == (400, False)
        assert normalize("連結不正確") in page.text
        assert normalize("請從信件複製完整的網址") in page.text
        assert "/" in page.links


@pytest.mark.rule("VER-4", "VER-5")
def test_the_page_of_a_superseded_link_refers_to_the_newest_mail(system: System) -> None:
    person = system.register()
    old = system.mail(person.email).link
    visitor = system.visitor()
    visitor.log_in(person)
    system.clock.advance(seconds=60)
    visitor.post("/email-verifications")

    page = PlainBrowser(system.visitor()).open(old)

    assert (page.status, page.has_button) == (410, False)
    assert normalize("請使用最新一封信件中的連結") in page.text


@pytest.mark.rule("VER-4", "VER-7")
def test_the_page_of_a_lapsed_accounts_link_asks_to_register_again(system: System) -> None:
    person = system.register()
    system.mail(person.email)
    system.clock.advance(days=6, hours=23)
    visitor = system.visitor()
    visitor.log_in(person)
    visitor.post("/email-verifications")
    link = system.mail(person.email, count=2).link
    system.clock.advance(hours=2)

    page = PlainBrowser(system.visitor()).open(link)

    assert (page.status, "/apply" in page.links) == (410, True)
    assert normalize("請重新申請帳號") in page.text


@pytest.mark.rule("VER-2", "PRO-2")
def test_preview_and_confirmation_agree_about_a_withdrawn_change(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    email = f"new-{person.email}"
    saved = visitor.patch(
        "/account",
        {"email": email, "current_password": person.password},
        **{"If-Match": visitor.get("/account").headers["ETag"]},
    )
    page = PlainBrowser(system.visitor()).open(system.mail(email).link)

    visitor.delete("/account/pending-email")
    pressed, opened = page.press(), page.reload()

    assert (saved.status_code, page.status) == (200, 200)
    assert (pressed.status, opened.status) == (410, 410)
    assert normalize("此連結已失效") in pressed.text


@pytest.mark.rule("REG-9", "VER-4")
def test_a_mailbox_taken_first_by_another_account_is_reported(system: System) -> None:
    first = system.register()
    system.mail(first.email)
    system.register(email=first.email)
    lost, won = (mail.link for mail in system.mails(first.email, count=2))
    PlainBrowser(system.visitor()).open(won).press()

    page = PlainBrowser(system.visitor()).open(lost).press()

    assert (page.status, normalize("此 Email 已由其他帳號使用") in page.text) == (409, True)


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize("path", ["/email/verify", "/email/change", "/password/reset"])
def test_a_page_with_a_token_in_its_url_is_not_cached_and_sends_no_referrer(
    system: System, path: str
) -> None:
    headers = PlainBrowser(system.visitor()).open(f"{path}?token=abc").answer.headers

    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.rule("SEC-13")
def test_the_token_in_the_url_is_escaped_on_the_page(system: System) -> None:
    page = PlainBrowser(system.visitor()).open('/email/verify?token="><script>alert(1)</script>')

    assert "<script>" not in page.answer.text
    assert "alert(1)" not in page.answer.text


def superseded(system: System, person: Person) -> None:
    visitor = system.visitor()
    visitor.log_in(person)
    system.clock.advance(minutes=1)
    assert visitor.post("/email-verifications").status_code == 202


def expired(system: System, _person: Person) -> None:
    system.clock.advance(hours=24)


def closed(system: System, person: Person) -> None:
    invoke(system, "accounts", "close", person.username, "--reason", "因故")


def followed(system: System, person: Person) -> None:
    assert system.confirm(system.mail(person.email, "註冊通知信件").token).status_code == 200


def changed_mailbox(system: System, person: Person) -> None:
    with system.engine.begin() as connection:
        connection.execute(
            text("UPDATE accounts SET email = 'else@example.com' WHERE id = :id"), {"id": person.id}
        )


@pytest.mark.rule("VER-2", "VER-4")
@pytest.mark.parametrize("happened", [superseded, expired, closed, followed, changed_mailbox])
def test_previewing_a_link_gives_the_same_result_as_following_it(
    system: System, happened: Callable[[System, Person], None]
) -> None:
    person = system.register()
    browser = PlainBrowser(system.visitor())
    page = browser.open(system.mail(person.email, "註冊通知信件").link)

    happened(system, person)
    looked, pressed = page.reload(), page.press()

    assert (page.has_button, looked.has_button) == (True, False)
    assert (looked.status, looked.text) == (pressed.status, pressed.text)

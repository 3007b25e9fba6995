"""The pages behind a mail's link, in every state a person can meet them in (VER; manual, steps 16 and 17)."""

import pytest

from tests.portal.conftest import StartPortal
from tests.support.actors.people import unique
from tests.support.browser.tab import Tab
from tests.support.browser.text import normal
from tests.support.harness.system import System

NEW = "Another-Crane-88!"


@pytest.mark.rule("VER-2", "VER-3")
@pytest.mark.parametrize(("kind", "next_words"), [("link", "進行一般帳號綁定"), ("general", "現在可以登入")])
def test_the_link_asks_its_button_verifies_and_success_leads_to_the_login(
    portal: System, tab: Tab, kind: str, next_words: str
) -> None:
    person = portal.register(kind)

    tab.link_of(portal.mail(person.email)).screen(f"email-verify-{kind}")
    asked = tab.text
    tab.press("完成 Email 驗證").screen(f"email-verified-{kind}")

    assert normal(person.username) in asked
    assert (tab.heading, normal(next_words) in tab.text) == (normal("Email驗證成功"), True)
    tab.press("前往「通行證系統登入作業」")
    assert (tab.path, tab.heading) == ("/", normal("通行證系統登入作業"))


@pytest.mark.rule("VER-2")
def test_reloading_the_result_and_pressing_again_say_that_it_is_done(portal: System, tab: Tab) -> None:
    mail = portal.mail(portal.register().email)
    other = tab.link_of(mail).second().link_of(mail)

    tab.press("完成 Email 驗證").page.reload()
    other.press("完成 Email 驗證")

    assert (tab.status, tab.heading) == (200, normal("已完成驗證"))
    assert (other.status, other.heading) == (200, normal("已完成驗證"))
    tab.screen("email-verified-already")


@pytest.mark.rule("VER-3", "REV-1")
def test_where_accounts_are_reviewed_success_says_that_an_operator_comes_first(
    start_portal: StartPortal, tab: Tab
) -> None:
    system = start_portal(IDENTITY_REVIEW="both")

    tab.link_of(system.mail(system.register("link").email)).press("完成 Email 驗證")

    assert normal("註冊帳號審核通過後，即可登入") in tab.text
    tab.screen("email-verified-review")


@pytest.mark.rule("VER-4")
def test_an_expired_link_leads_to_the_login_where_the_mail_is_sent_again(portal: System, tab: Tab) -> None:
    mail = portal.mail(portal.register().email)
    portal.clock.advance(hours=24)

    tab.expect_status(410).link_of(mail).screen("email-link-expired")

    assert (tab.status, tab.heading) == (410, normal("連結已失效"))
    assert normal("再按【補發驗證信】") in tab.text
    assert tab.press("前往「通行證系統登入作業」").path == "/"


@pytest.mark.rule("VER-4")
def test_a_damaged_link_says_to_copy_the_whole_address(tab: Tab) -> None:
    tab.expect_status(400).go("/email/verify?token=damaged").screen("email-link-damaged")

    assert (tab.status, tab.heading) == (400, normal("連結不正確"))
    assert normal("請從郵件複製完整的網址") in tab.text


@pytest.mark.rule("VER-4", "VER-5")
def test_a_superseded_link_says_to_use_the_newest_mail(portal: System, tab: Tab) -> None:
    person = portal.register()
    old = portal.mail(person.email)
    visitor = portal.visitor()
    visitor.log_in(person)
    portal.clock.advance(seconds=60)
    visitor.post("/email-verifications")

    tab.expect_status(410).link_of(old).screen("email-link-superseded")

    assert (tab.status, normal("請點擊最新一封郵件中的連結") in tab.text) == (410, True)


@pytest.mark.rule("VER-4", "REG-9")
def test_the_loser_of_a_mailbox_reads_what_can_be_done(portal: System, tab: Tab) -> None:
    first = portal.register()
    portal.mail(first.email)
    portal.register(email=first.email)
    won, lost = portal.mails(first.email, count=2)
    portal.confirm(won.token)

    tab.expect_status(409).link_of(lost).press("完成 Email 驗證").screen("email-link-taken")

    assert (tab.status, normal("此 Email 已由其他帳號使用") in tab.text) == (409, True)
    assert tab.press("忘記密碼").path == "/password/forgotten"


@pytest.mark.rule("VER-2", "PRO-2")
def test_the_link_of_a_new_mailbox_puts_it_in_place(portal: System, tab: Tab) -> None:
    person, email = portal.person(), f"new{unique()}@example.com"
    visitor = portal.logged_in(person)
    etag = visitor.get("/account").headers["ETag"]
    visitor.patch("/account", {"email": email, "current_password": person.password}, **{"If-Match": etag})

    tab.link_of(portal.mail(email)).screen("email-change")
    tab.press("完成新 Email 驗證").screen("email-changed")

    assert tab.heading == normal("Email驗證成功")
    assert normal("請重新登入確認 Email 資訊是否正確！！") in tab.text
    assert visitor.get("/account").json()["email"] == email


@pytest.mark.rule("VER-2", "SEC-8")
def test_a_stale_form_is_shown_again_and_its_button_works(portal: System, tab: Tab) -> None:
    person = portal.register()
    tab.expect_status(400).link_of(portal.mail(person.email))
    tab.page.locator("main input[name=csrf_token]").evaluate("field => { field.value = 'stale' }")

    tab.press("完成 Email 驗證").screen("email-verify-stale")

    assert tab.status == 400
    tab.press("確定").press("完成 Email 驗證")
    assert tab.heading == normal("Email驗證成功")


@pytest.mark.rule("SEC-4", "SEC-8")
def test_no_request_of_these_pages_tells_their_address(portal: System, tab: Tab) -> None:
    referrers: list[str] = []
    mail = portal.mail(portal.register().email)
    tab.page.on("request", lambda request: referrers.append(request.headers.get("referer", "")))

    tab.link_of(mail).press("完成 Email 驗證").press("前往「通行證系統登入作業」")

    assert not [each for each in referrers if "token" in each]
    assert mail.token not in str(tab.page.context.cookies())


@pytest.mark.rule("VER-2", "VER-3")
def test_the_link_works_without_script(portal: System, plain_tab: Tab) -> None:
    plain_tab.link_of(portal.mail(portal.register().email)).screen("email-verify")

    plain_tab.press("完成 Email 驗證").screen("email-verified")

    assert plain_tab.heading == normal("Email驗證成功")

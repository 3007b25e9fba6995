"""What stands between login and work: the mailbox to be proven, an operator's review, a suspension."""

import pytest
from playwright.sync_api import Locator, expect

from tests.portal.conftest import StartPortal
from tests.support.actors.people import Person, unique
from tests.support.browser.tab import Tab
from tests.support.browser.text import normal
from tests.support.harness.commands import command
from tests.support.harness.system import System

ASKS_EVERY_SECONDS = 4
WAIT_SECONDS = 60


def resend_of(tab: Tab) -> Locator:
    return tab.page.get_by_role("button", name="補發驗證信", exact=True)


def unverified(system: System, tab: Tab, **changes: str) -> Person:
    """Register and log in, on a page whose time the test moves on; a little of it passes by itself."""
    person = system.register(**changes)
    tab.page.clock.install()
    tab.log_in(person, consenting=False)
    assert tab.path == "/verification"
    return person


def pass_time(tab: Tab, seconds: int) -> None:
    tab.page.clock.run_for(seconds * 1000)


def seconds_left(tab: Tab) -> int:
    left = normal(tab.page.locator("[data-wait-left]").inner_text())
    return int(left.removesuffix("秒")) if left.endswith("秒") else 60 * int(left.removesuffix("分鐘"))


@pytest.mark.rule("VER-5", "VER-6")
def test_the_page_says_to_which_mailbox_the_mail_goes_and_follows_it_until_it_is_sent(
    portal: System, tab: Tab
) -> None:
    person = unverified(portal, tab)
    assert normal(person.email) in tab.text
    tab.sees("郵件寄送中").screen("verification-waiting")

    portal.settle()
    pass_time(tab, ASKS_EVERY_SECONDS)

    tab.sees("寄出").screen("verification-sent")
    assert normal("郵件寄送中") not in tab.text
    expect(tab.page.locator("[data-mail-state]")).to_have_attribute("role", "status")


@pytest.mark.rule("VER-6")
def test_a_refused_mail_is_told_with_what_to_do(portal: System, tab: Tab) -> None:
    email = f"refused{unique()}@example.com"
    portal.servers.smtp.refuse(email, words="5.1.1 No such user here")
    unverified(portal, tab, email=email)

    portal.settle()
    pass_time(tab, ASKS_EVERY_SECONDS)

    tab.sees("收件信箱不存在").sees("請改用其他帳號名稱重新申請").screen("verification-refused")
    assert normal("No such user") not in tab.text


@pytest.mark.rule("VER-5", "SEC-6")
def test_the_wait_is_counted_down_and_then_the_mail_comes_again(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    older = portal.mail(person.email).token
    assert WAIT_SECONDS - 15 < seconds_left(tab) <= WAIT_SECONDS
    expect(resend_of(tab)).to_be_disabled()

    pass_time(tab, 15)
    assert 0 < seconds_left(tab) <= WAIT_SECONDS - 15
    tab.sees("還須等候").screen("verification-countdown")
    pass_time(tab, 45)
    portal.clock.advance(seconds=60)
    expect(resend_of(tab)).to_be_enabled()
    tab.screen("verification-ready").press("補發驗證信")

    assert normal("驗證信已重新申請寄送") in tab.message
    tab.screen("verification-resent").confirm("先前郵件中的連結已失效")
    expect(resend_of(tab)).to_be_disabled()
    assert portal.confirm(older).json()["code"] == "link_superseded"
    assert portal.confirm(portal.mail(person.email, count=2).token).status_code == 200


@pytest.mark.rule("VER-5", "SEC-6")
def test_a_mail_asked_for_too_soon_is_refused_in_words(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    pass_time(tab, 60)  # the browser's clock is ahead

    tab.press("補發驗證信")

    assert normal("郵件寄送過於頻繁,請於60秒後再試") in tab.message
    tab.screen("verification-too-soon").confirm("郵件寄送過於頻繁")
    portal.settle()
    assert portal.mailbox.count(person.email) == 1


@pytest.mark.rule("VER-5", "SEC-6")
def test_at_the_days_cap_the_wait_is_told_in_hours(portal: System, tab: Tab) -> None:
    person = portal.register()
    for _ in range(9):
        portal.clock.advance(minutes=10)
        visitor = portal.visitor()
        visitor.log_in(person)
        assert visitor.post("/email-verifications").status_code == 202

    tab.log_in(person, consenting=False)

    tab.sees("還須等候 22 小時 30 分鐘").screen("verification-cap")
    expect(resend_of(tab)).to_be_disabled()


@pytest.mark.rule("VER-2", "VER-6")
def test_the_page_moves_on_when_the_mailbox_is_proven_elsewhere(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    portal.confirm(portal.mail(person.email).token)

    pass_time(tab, ASKS_EVERY_SECONDS)

    tab.page.wait_for_url("**/consents")


@pytest.mark.rule("VER-6", "LOGIN-6")
def test_a_session_that_ended_meanwhile_leads_to_the_login_with_a_word(portal: System, tab: Tab) -> None:
    unverified(portal, tab)
    tab.expect_status(401)
    portal.clock.advance(minutes=31)

    pass_time(tab, ASKS_EVERY_SECONDS)
    tab.page.wait_for_url(lambda address: "next=" in address)

    assert normal("登入已逾時或已登出") in tab.message


@pytest.mark.rule("VER-6")
def test_the_page_asks_no_longer_after_a_while(portal: System, tab: Tab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    unverified(portal, tab)

    tab.page.clock.fast_forward("11:00")
    pass_time(tab, ASKS_EVERY_SECONDS)
    tab.page.wait_for_load_state("networkidle")
    before = len(asked)
    pass_time(tab, 60)

    assert len(asked) == before


@pytest.mark.rule("VER-5", "VER-6")
def test_without_script_the_page_says_to_load_it_again(portal: System, plain_tab: Tab) -> None:
    person = portal.register()
    plain_tab.log_in(person, consenting=False)
    plain_tab.sees("屆時請重新整理本頁").screen("verification-waiting")
    expect(resend_of(plain_tab)).to_be_disabled()

    portal.clock.advance(seconds=60)
    plain_tab.go("/verification").press("補發驗證信")

    plain_tab.confirm("驗證信已重新申請寄送")
    assert len(portal.mails(person.email, count=2)) == 2


@pytest.mark.rule("VER-5")
def test_the_keyboard_alone_sends_the_mail_again(portal: System, tab: Tab) -> None:
    person = portal.register()
    portal.clock.advance(seconds=60)
    tab.log_in(person, consenting=False)

    resend_of(tab).focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("button", name="確定")).to_be_focused()
    tab.page.keyboard.press("Enter")

    assert not tab.is_asked
    assert len(portal.mails(person.email, count=2)) == 2


@pytest.mark.rule("REV-1")
def test_an_account_in_review_is_told_to_wait_and_goes_on_once_approved(
    start_portal: StartPortal, tab: Tab
) -> None:
    system = start_portal(IDENTITY_REVIEW="both")
    person = system.person("link")

    tab.log_in(person, consenting=False).screen("review")
    assert (tab.path, tab.heading) == ("/review", "帳號審核中")
    tab.press("查看審核結果")
    assert tab.path == "/review"
    command(system, "accounts", "approve", person.username, "--reason", "因故")
    tab.press("查看審核結果")

    assert tab.path == "/consents"


@pytest.mark.rule("REV-1", "LOGIN-6")
def test_who_waits_for_review_can_log_out(start_portal: StartPortal, tab: Tab) -> None:
    system = start_portal(IDENTITY_REVIEW="both")
    tab.log_in(system.person(), consenting=False)

    tab.press("登出")

    assert (tab.path, tab.go("/review").path) == ("/", "/")


@pytest.mark.rule("OPS-2", "LOGIN-1")
def test_a_suspended_account_reads_that_it_is_at_the_login(portal: System, tab: Tab) -> None:
    person = portal.person()
    command(portal, "accounts", "suspend", person.username, "--reason", "因故")

    tab.expect_status(403).log_in(person, consenting=False)

    assert (tab.status, tab.path) == (403, "/")
    assert normal("此帳號已停用,請洽系統管理單位") in tab.text
    tab.screen("login-suspended")


@pytest.mark.rule("REV-2", "LOGIN-1")
def test_a_rejected_account_is_nobodys_any_more(start_portal: StartPortal, tab: Tab) -> None:
    system = start_portal(IDENTITY_REVIEW="both")
    person = system.person()
    command(system, "accounts", "reject", person.username, "--reason", "公司統編與公司名稱不符")

    tab.expect_status(401).log_in(person, consenting=False)

    assert normal("帳號或密碼錯誤") in tab.text

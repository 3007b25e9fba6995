"""The pages of a first login: mailbox verification, an operator's review, a suspended or rejected account."""

import pytest
from playwright.sync_api import Locator, expect

from tests.portal.conftest import StartPortal
from tests.support.actors.people import Person, unique
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.commands import invoke
from tests.support.harness.system import System

ASKS_EVERY_SECONDS = 4
WAIT_SECONDS = 60


def resend_of(tab: Tab) -> Locator:
    return tab.page.get_by_role("button", name="補發驗證信", exact=True)


def unverified(system: System, tab: Tab, **changes: str) -> Person:
    """Register and log in on a page whose clock runs and can also be moved by the test."""
    person = system.register(**changes)
    tab.page.clock.install()
    tab.log_in(person, consenting=False)
    assert tab.path == "/verification"
    return person


def pass_time(tab: Tab, seconds: int) -> None:
    tab.page.clock.run_for(seconds * 1000)


def seconds_left(tab: Tab) -> int:
    left = normalize(tab.page.locator("[data-wait-for=resend] [data-wait-left]").inner_text())
    return int(left.removesuffix("秒")) if left.endswith("秒") else 60 * int(left.removesuffix("分鐘"))


@pytest.mark.rule("VER-5", "VER-6")
def test_the_page_shows_the_mailbox_and_follows_the_mail_until_it_is_sent(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    assert normalize(person.email) in tab.text
    tab.expect_text("郵件寄送中").screenshot("verification-waiting")

    portal.wait_for_mails()
    pass_time(tab, ASKS_EVERY_SECONDS)

    tab.expect_text("寄出").screenshot("verification-sent")
    assert normalize("郵件寄送中") not in tab.text
    expect(tab.page.locator("[data-mail-state]")).to_have_attribute("role", "status")


@pytest.mark.rule("VER-6")
def test_a_refused_mail_is_shown_with_the_next_step(portal: System, tab: Tab) -> None:
    email = f"refused{unique()}@example.com"
    portal.servers.smtp.refuse(email, text="5.1.1 No such user here")
    unverified(portal, tab, email=email)

    portal.wait_for_mails()
    pass_time(tab, ASKS_EVERY_SECONDS)

    tab.expect_text("收件信箱不存在").expect_text("請於下方更正 Email").screenshot("verification-refused")
    assert normalize("No such user") not in tab.text


@pytest.mark.rule("VER-5", "SEC-6")
def test_after_the_countdown_the_mail_can_be_sent_again(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    assert WAIT_SECONDS - 15 < seconds_left(tab) <= WAIT_SECONDS
    expect(resend_of(tab)).to_be_disabled()
    older = portal.mail(person.email).token

    pass_time(tab, 15)
    assert 0 < seconds_left(tab) <= WAIT_SECONDS - 15
    tab.expect_text("可補發驗證信").screenshot("verification-countdown")
    pass_time(tab, 45)
    portal.clock.advance(seconds=60)
    expect(resend_of(tab)).to_be_enabled()
    tab.screenshot("verification-ready").press("補發驗證信")

    assert normalize("系統將重新寄送驗證信") in tab.dialog_text
    tab.screenshot("verification-resent").confirm("先前信件中的連結已失效")
    expect(resend_of(tab)).to_be_disabled()
    assert portal.confirm(older).json()["code"] == "link_superseded"
    assert portal.confirm(portal.mail(person.email, count=2).token).status_code == 200


@pytest.mark.rule("VER-5", "SEC-6")
def test_a_mail_requested_too_soon_is_refused_with_a_message(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    pass_time(tab, 60)  # the browser's clock is ahead

    tab.press("補發驗證信")

    assert normalize("郵件寄送過於頻繁,請於60秒後再試") in tab.dialog_text
    tab.screenshot("verification-too-soon").confirm("郵件寄送過於頻繁")
    portal.wait_for_mails()
    assert portal.mailbox.count(person.email) == 1


@pytest.mark.rule("VER-5", "SEC-6")
def test_at_the_daily_limit_the_wait_is_shown_in_hours(portal: System, tab: Tab) -> None:
    person = portal.register()
    for _ in range(9):
        portal.clock.advance(minutes=10)
        visitor = portal.visitor()
        visitor.log_in(person)
        assert visitor.post("/email-verifications").status_code == 202

    tab.log_in(person, consenting=False)

    tab.expect_text("後可補發驗證信").expect_text("22 小時").screenshot("verification-cap")
    expect(resend_of(tab)).to_be_disabled()


@pytest.mark.rule("VER-2", "VER-6")
def test_the_page_moves_on_when_the_mailbox_is_verified_elsewhere(portal: System, tab: Tab) -> None:
    person = unverified(portal, tab)
    portal.confirm(portal.mail(person.email).token)

    pass_time(tab, ASKS_EVERY_SECONDS)

    tab.page.wait_for_url("**/consents")


@pytest.mark.rule("VER-6", "LOGIN-6")
def test_a_session_that_ended_while_the_page_waits_leads_to_the_login_with_a_message(
    portal: System, tab: Tab
) -> None:
    unverified(portal, tab)
    tab.expect_status(401)
    portal.clock.advance(minutes=31)

    pass_time(tab, ASKS_EVERY_SECONDS)
    tab.page.wait_for_url(lambda address: "next=" in address)

    assert normalize("登入已逾時或已登出") in tab.dialog_text


@pytest.mark.rule("VER-6")
def test_the_page_stops_polling_after_a_while(portal: System, tab: Tab) -> None:
    requests: list[str] = []
    tab.page.on("request", lambda request: requests.append(request.url))
    unverified(portal, tab)

    with tab.page.expect_response("**/api/v1/session"):
        tab.page.clock.fast_forward("11:00")
    pass_time(tab, ASKS_EVERY_SECONDS)
    before = len(requests)
    pass_time(tab, 60)

    assert len(requests) == before


@pytest.mark.rule("VER-5", "VER-6")
def test_without_script_the_page_asks_for_a_reload(portal: System, plain_tab: Tab) -> None:
    person = portal.register()
    plain_tab.log_in(person, consenting=False)
    plain_tab.expect_text("屆時請重新整理本頁").screenshot("verification-waiting")
    expect(resend_of(plain_tab)).to_be_disabled()

    portal.clock.advance(seconds=60)
    plain_tab.go("/verification").press("補發驗證信")

    plain_tab.confirm("系統將重新寄送驗證信")
    assert len(portal.mails(person.email, count=2)) == 2


@pytest.mark.rule("VER-5")
def test_the_mail_can_be_sent_again_by_keyboard(portal: System, tab: Tab) -> None:
    person = portal.register()
    portal.clock.advance(seconds=60)
    tab.log_in(person, consenting=False)

    resend_of(tab).focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("dialog:modal").get_by_role("button", name="確定")).to_be_focused()
    tab.page.keyboard.press("Enter")

    expect(tab.page.locator("dialog:modal")).to_have_count(0)
    assert len(portal.mails(person.email, count=2)) == 2


@pytest.mark.rule("REV-1")
def test_an_account_in_review_waits_and_continues_once_approved(start_portal: StartPortal, tab: Tab) -> None:
    system = start_portal(IDENTITY_REVIEW="both")
    person = system.person("link")

    tab.log_in(person, consenting=False).screenshot("review")
    assert (tab.path, tab.heading) == ("/review", "帳號審核中")
    tab.press("查看審核結果")
    assert tab.path == "/review"
    invoke(system, "accounts", "approve", person.username, "--reason", "因故")
    tab.press("查看審核結果")

    assert tab.path == "/consents"


@pytest.mark.rule("REV-1", "LOGIN-6")
def test_an_account_in_review_can_log_out(start_portal: StartPortal, tab: Tab) -> None:
    system = start_portal(IDENTITY_REVIEW="both")
    tab.log_in(system.person(), consenting=False)

    tab.press("登出")

    assert (tab.path, tab.go("/review").path) == ("/", "/")


@pytest.mark.rule("OPS-2", "LOGIN-1")
def test_a_suspended_account_is_reported_at_the_login(portal: System, tab: Tab) -> None:
    person = portal.person()
    invoke(portal, "accounts", "suspend", person.username, "--reason", "因故")

    tab.expect_status(403).log_in(person, consenting=False)

    assert (tab.status, tab.path) == (403, "/")
    assert normalize("此帳號已停用,請洽系統管理單位") in tab.text
    tab.screenshot("login-suspended")


@pytest.mark.rule("REV-2", "REV-3")
def test_a_rejected_applicant_learns_the_reason_in_the_open_session_and_at_the_login(
    start_portal: StartPortal, tab: Tab
) -> None:
    system = start_portal(IDENTITY_REVIEW="both")
    person = system.person()
    tab.expect_status(403).log_in(person, consenting=False)
    invoke(system, "accounts", "reject", person.username, "--reason", "公司統編與公司名稱不符")

    tab.press("查看審核結果").expect_text("公司統編與公司名稱不符").screenshot("review-rejected")
    tab.log_in(person, consenting=False).expect_text("公司統編與公司名稱不符")

    assert (tab.status, tab.heading) == (403, "審核結果")


@pytest.mark.rule("VER-8", "REG-11")
def test_a_mistyped_mailbox_is_pointed_out_and_corrected(portal: System, tab: Tab) -> None:
    person = portal.register()
    local = person.email.partition("@")[0]

    tab.log_in(person, consenting=False).expect_text("後可更正 Email。").screenshot(
        "verification-correct-wait"
    )
    waiting = tab.control("更正 Email").is_disabled()
    portal.clock.advance(minutes=2)
    tab.go("/verification").fill({"正確的Email": f"{local}@gmial.con", "密碼": person.password})
    tab.press("更正 Email").expect_text(f"您要填寫的是「{local}@gmail.com」嗎？")
    tab.screenshot("verification-correct-question").press("取消")
    tab.fill({"正確的Email": f"{local}@gmail.com"}).press("更正 Email")
    question = tab.dialog_text
    normalized = tab.page.locator("dialog[open] [data-kept=email]").inner_text()
    tab.confirm("確定要更正 Email？").confirm(f"Email 已更正，驗證信將寄至 {local}@gmail.com")

    tab.screenshot("verification-corrected")
    assert (waiting, normalized, "嗎" in question) == (True, f"{local}@gmail.com", False)
    assert portal.mail(f"{local}@gmail.com").token

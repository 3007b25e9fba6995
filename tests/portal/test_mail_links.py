"""The page of a mailed link, in every state of the link (VER; manual, steps 16 and 17)."""

import pytest

from tests.portal.conftest import StartPortal
from tests.support.actors.people import unique
from tests.support.actors.profile_changes import request_email_change
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

NEW = "Another-Crane-88!"


@pytest.mark.rule("VER-2", "VER-3")
@pytest.mark.parametrize(("kind", "next_words"), [("link", "進行一般帳號綁定"), ("general", "現在可以登入")])
def test_the_button_of_the_link_page_verifies_and_leads_to_the_login(
    portal: System, tab: Tab, kind: str, next_words: str
) -> None:
    person = portal.register(kind)

    tab.open_link(portal.mail(person.email)).screenshot(f"email-verify-{kind}")
    question = tab.text
    tab.press("完成 Email 驗證").screenshot(f"email-verified-{kind}")

    assert normalize(person.username) in question
    assert (tab.heading, normalize(next_words) in tab.text) == (normalize("Email驗證成功"), True)
    tab.press("前往登入")
    assert (tab.path, tab.heading) == ("/", normalize("通行證系統登入作業"))


@pytest.mark.rule("VER-2")
def test_reloading_or_pressing_again_reports_a_verified_mailbox(portal: System, tab: Tab) -> None:
    mail = portal.mail(portal.register().email)
    other = tab.open_link(mail).new_tab().open_link(mail)

    tab.press("完成 Email 驗證").page.reload()
    other.press("完成 Email 驗證")

    assert (tab.status, tab.heading) == (200, normalize("已完成驗證"))
    assert (other.status, other.heading) == (200, normalize("已完成驗證"))
    tab.screenshot("email-verified-already")


@pytest.mark.rule("VER-3", "REV-1")
def test_with_review_the_success_page_mentions_the_operators_approval(
    start_portal: StartPortal, tab: Tab
) -> None:
    system = start_portal(IDENTITY_REVIEW="both")

    tab.open_link(system.mail(system.register("link").email)).press("完成 Email 驗證")

    assert normalize("註冊帳號審核通過後，即可登入") in tab.text
    tab.screenshot("email-verified-review")


@pytest.mark.rule("VER-4")
def test_an_expired_link_leads_to_the_login_where_the_mail_can_be_resent(portal: System, tab: Tab) -> None:
    mail = portal.mail(portal.register().email)
    portal.clock.advance(hours=24)

    tab.expect_status(410).open_link(mail).screenshot("email-link-expired")

    assert (tab.status, tab.heading) == (410, normalize("連結已失效"))
    assert normalize("再按【補發驗證信】") in tab.text
    assert tab.press("前往登入").path == "/"


@pytest.mark.rule("VER-4")
def test_the_page_of_a_damaged_link_asks_for_the_whole_address(tab: Tab) -> None:
    tab.expect_status(400).go("/email/verify?token=damaged").screenshot("email-link-damaged")

    assert (tab.status, tab.heading) == (400, normalize("連結不正確"))
    assert normalize("請從信件複製完整的網址") in tab.text


@pytest.mark.rule("VER-4", "VER-5")
def test_the_page_of_a_superseded_link_refers_to_the_newest_mail(portal: System, tab: Tab) -> None:
    person = portal.register()
    old = portal.mail(person.email)
    visitor = portal.visitor()
    visitor.log_in(person)
    portal.clock.advance(seconds=60)
    visitor.post("/email-verifications")

    tab.expect_status(410).open_link(old).screenshot("email-link-superseded")

    assert (tab.status, normalize("請點選最新一封信件中的連結") in tab.text) == (410, True)


@pytest.mark.rule("VER-4", "REG-9")
def test_a_mailbox_taken_first_by_another_account_shows_the_next_step(portal: System, tab: Tab) -> None:
    first = portal.register()
    portal.mail(first.email)
    portal.register(email=first.email)
    won, lost = portal.mails(first.email, count=2)
    portal.confirm(won.token)

    tab.expect_status(409).open_link(lost).press("完成 Email 驗證").screenshot("email-link-taken")

    assert (tab.status, normalize("此 Email 已由其他帳號使用") in tab.text) == (409, True)
    assert tab.press("忘記密碼？").path == "/password/forgotten"


@pytest.mark.rule("VER-2", "PRO-2")
def test_the_link_mailed_to_a_new_mailbox_activates_the_mailbox(portal: System, tab: Tab) -> None:
    person, email = portal.person(), f"new{unique()}@example.com"
    visitor = portal.logged_in(person)
    etag = visitor.get("/account").headers["ETag"]
    visitor.patch("/account", {"email": email, "current_password": person.password}, **{"If-Match": etag})

    tab.open_link(portal.mail(email)).screenshot("email-change")
    tab.press("完成新 Email 驗證").screenshot("email-changed")

    assert tab.heading == normalize("Email驗證成功")
    assert normalize("請重新登入確認 Email 資訊是否正確！！") in tab.text
    assert portal.logged_in(person).get("/account").json()["email"] == email


@pytest.mark.rule("PRO-3")
def test_the_link_mailed_to_the_old_mailbox_cancels_the_change_or_restores_the_mailbox(
    portal: System, tab: Tab
) -> None:
    person = portal.person()
    request_email_change(portal.logged_in(person), person)
    tab.open_link(portal.mail(person.email, "Email 變更申請通知")).screenshot("email-cancel")
    tab.press("取消 Email 變更").screenshot("email-cancelled")
    cancelled = tab.heading
    portal.clock.advance(minutes=1)
    email = request_email_change(portal.logged_in(person), person)
    portal.confirm(portal.mail(email, "Email 變更驗證").token)

    tab.open_link(portal.mail(person.email, "Email 變更申請通知", count=2)).screenshot("email-restore")
    tab.press("恢復原來的 Email").screenshot("email-restored")

    assert (cancelled, tab.heading) == (normalize("Email 變更已取消"), normalize("已恢復原來的Email"))
    assert tab.press("重新設定密碼").path == "/password/forgotten"


@pytest.mark.rule("PRO-3", "VER-4")
def test_the_page_of_an_expired_cancellation_shows_the_next_step(portal: System, tab: Tab) -> None:
    person = portal.person()
    request_email_change(portal.logged_in(person), person)
    mail = portal.mail(person.email, "Email 變更申請通知")
    portal.clock.advance(hours=24)

    tab.expect_status(410).open_link(mail).screenshot("email-cancel-expired")

    assert (tab.status, tab.heading) == (410, normalize("連結已失效"))
    assert normalize("請立即洽系統管理單位") in tab.text


@pytest.mark.rule("VER-2", "SEC-8")
def test_a_stale_form_is_shown_again_with_a_working_button(portal: System, tab: Tab) -> None:
    person = portal.register()
    tab.expect_status(400).open_link(portal.mail(person.email))
    tab.page.locator("main input[name=csrf_token]").evaluate("field => { field.value = 'stale' }")

    tab.press("完成 Email 驗證").screenshot("email-verify-stale")

    assert tab.status == 400
    tab.press("確定").press("完成 Email 驗證")
    assert tab.heading == normalize("Email驗證成功")


@pytest.mark.rule("SEC-4", "SEC-8")
def test_no_request_of_a_link_page_sends_a_referrer(portal: System, tab: Tab) -> None:
    referrers: list[str] = []
    mail = portal.mail(portal.register().email)
    tab.page.on("request", lambda request: referrers.append(request.headers.get("referer", "")))

    tab.open_link(mail).press("完成 Email 驗證").press("前往登入")

    assert not [each for each in referrers if "token" in each]
    assert mail.token not in str(tab.page.context.cookies())


@pytest.mark.rule("VER-2", "VER-3")
def test_the_link_works_without_script(portal: System, plain_tab: Tab) -> None:
    plain_tab.open_link(portal.mail(portal.register().email)).screenshot("email-verify")

    plain_tab.press("完成 Email 驗證").screenshot("email-verified")

    assert plain_tab.heading == normalize("Email驗證成功")

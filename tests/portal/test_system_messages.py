"""系統訊息: messages that a request stores for the next page, and their display."""

import pytest
from playwright.sync_api import Locator, expect

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

EVERY_SECONDS = 4


def send_unseen(tab: Tab, path: str) -> None:
    """Submit a form whose next page never arrives, so that its message stays queued."""
    token = tab.page.locator("[name=csrf_token]").first.input_value()
    answer = tab.page.request.post(
        tab.system.url + path,
        form={"csrf_token": token},
        headers={"Origin": tab.system.url},
        max_redirects=0,
    )
    assert answer.status == 303


@pytest.mark.rule("BIND-1")
def test_choosing_a_row_keeps_pending_messages_for_the_next_page(
    portal: System, tab: Tab, holder: Person
) -> None:
    general = portal.person(name="王小花")
    binding = portal.bind_and_verify(portal.logged_in(holder), general)
    tab.log_in(holder)
    send_unseen(tab, f"/links/{binding}/code")

    tab.choose(general.username)
    expect(tab.page.locator("#chosen")).to_be_focused()
    has_dialog = tab.has_dialog

    assert not has_dialog
    tab.go("/links").confirm("此帳號已通過綁定驗證，無須再補發驗證信")


@pytest.mark.rule("VER-6")
def test_polling_the_mail_status_keeps_pending_messages_for_the_next_page(portal: System, tab: Tab) -> None:
    person = portal.register()
    tab.page.clock.install()
    tab.log_in(person, consenting=False).expect_text("郵件寄送中")
    send_unseen(tab, "/verification/mail")

    portal.wait_for_mails()
    tab.page.clock.run_for(EVERY_SECONDS * 1000)
    tab.expect_text("已寄出")

    tab.go("/verification").confirm("郵件寄送過於頻繁")


@pytest.mark.rule("SW-3")
def test_the_same_message_queued_twice_is_shown_once(portal: System, tab: Tab, holder: Person) -> None:
    binding = portal.bind_and_verify(portal.logged_in(holder), portal.person())
    tab.log_in(holder)

    for _ in range(2):
        send_unseen(tab, f"/links/{binding}/code")

    assert tab.go("/links").dialog_text.count(normalize("此帳號已通過綁定驗證")) == 1


def described(dialog: Locator) -> str:
    """Return the accessible description of an open dialog."""
    description = dialog.evaluate("(one) => one.ariaDescribedByElements.map((each) => each.innerText).join()")
    return normalize(description)


def test_a_system_message_has_an_accessible_description(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person()).go("/profile").fill(姓名="陳大美").press("儲存").confirm("確定要儲存資料??")
    message = tab.page.get_by_role("alertdialog", name="系統訊息", exact=True)

    expect(message).to_be_visible()

    assert described(message) == normalize("資料已儲存。")
    tab.screenshot("message-read-out").press("確定")
    expect(tab.page.locator("main")).to_be_focused()


def test_a_question_has_an_accessible_description(portal: System, tab: Tab, holder: Person) -> None:
    general = portal.person()
    portal.bind_and_verify(portal.logged_in(holder), general)
    tab.log_in(holder).press("解除帳號")
    question = tab.page.get_by_role("alertdialog", name="系統訊息", exact=True)

    expect(question).to_be_visible()

    assert normalize(f"請確認解除綁定帳號為:【{general.username}】!!") in described(question)
    assert normalize("解除後仍可再次綁定,但須重新取得驗證碼。") in described(question)
    tab.screenshot("question-read-out")

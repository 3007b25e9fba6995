"""系統訊息: what one page leaves for the next to tell, and how it is told."""

import pytest
from playwright.sync_api import Locator, expect

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text import normal
from tests.support.harness.system import System

EVERY_SECONDS = 4


@pytest.fixture
def holder(portal: System) -> Person:
    return portal.person("link")


def send_unseen(tab: Tab, path: str) -> None:
    """Send a form of the browser's whose next page never arrives: what it has to tell is left waiting."""
    token = tab.page.locator("[name=csrf_token]").first.input_value()
    answer = tab.page.request.post(
        tab.system.url + path,
        form={"csrf_token": token},
        headers={"Origin": tab.system.url},
        max_redirects=0,
    )
    assert answer.status == 303


@pytest.mark.rule("BIND-1")
def test_choosing_a_line_leaves_what_is_to_be_told_to_the_next_page(
    portal: System, tab: Tab, holder: Person
) -> None:
    general = portal.person(name="王小花")
    binding = portal.bound(portal.logged_in(holder), general)
    tab.log_in(holder)
    send_unseen(tab, f"/links/{binding}/code")

    tab.press(general.username)
    expect(tab.page.locator("#chosen")).to_be_focused()
    asked = tab.is_asked

    assert not asked
    tab.go("/links").confirm("此帳號已通過綁定驗證，無須再補發驗證信")


@pytest.mark.rule("VER-6")
def test_following_a_mail_leaves_what_is_to_be_told_to_the_next_page(portal: System, tab: Tab) -> None:
    person = portal.register()
    tab.page.clock.install()
    tab.log_in(person, consenting=False).sees("郵件寄送中")
    send_unseen(tab, "/verification/mail")

    portal.settle()
    tab.page.clock.run_for(EVERY_SECONDS * 1000)
    tab.sees("已寄出")

    tab.go("/verification").confirm("郵件寄送過於頻繁")


@pytest.mark.rule("SW-3")
def test_the_same_sentence_left_twice_is_told_once(portal: System, tab: Tab, holder: Person) -> None:
    binding = portal.bound(portal.logged_in(holder), portal.person())
    tab.log_in(holder)

    for _ in range(2):
        send_unseen(tab, f"/links/{binding}/code")

    assert tab.go("/links").message.count(normal("此帳號已通過綁定驗證")) == 1


def described(dialog: Locator) -> str:
    """Return what screen readers say of an open dialog beyond its title."""
    told = dialog.evaluate("(one) => one.ariaDescribedByElements.map((each) => each.innerText).join()")
    return normal(told)


def test_a_system_message_is_read_out_with_its_sentence(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person()).go("/profile").fill(姓名="陳大美").press("儲存").confirm("確定要儲存資料??")
    message = tab.page.get_by_role("alertdialog", name="系統訊息", exact=True)

    expect(message).to_be_visible()

    assert described(message) == normal("資料已儲存。")
    tab.screen("message-read-out")


def test_a_question_is_read_out_with_what_comes_of_it(portal: System, tab: Tab, holder: Person) -> None:
    general = portal.person()
    portal.bound(portal.logged_in(holder), general)
    tab.log_in(holder).press("解除帳號")
    question = tab.page.get_by_role("alertdialog", name="系統訊息", exact=True)

    expect(question).to_be_visible()

    assert normal(f"請確認解除綁定帳號為:【{general.username}】!!") in described(question)
    assert normal("解除後仍可再次綁定,但須重新取得驗證碼。") in described(question)
    tab.screen("question-read-out")

"""Binding without script and by keyboard only, and forms sent after the session changed (BIND, SW, UNB-1, SEC-8)."""

import pytest
from playwright.sync_api import Locator, expect

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

SENT = "[鏈結帳號綁定驗證碼通知]已發送到被綁定帳號的 Email信箱！請聯繫帳號使用者取得[驗證碼]。"
DONE = "帳號綁定驗證成功！！"
CODE = "請輸入6位數字驗證碼"


@pytest.mark.rule("BIND-2", "BIND-5", "BIND-6", "SW-1", "SW-3", "UNB-1", "LOGIN-6")
def test_everything_works_without_script(
    portal: System, plain_tab: Tab, holder: Person, general: Person
) -> None:
    tab = plain_tab.expect_status(400, 401).log_in(holder)

    tab.press("綁定帳號").fill(帳號=general.username, 密碼="Wrong-Crane-78!").press("綁定").expect_text(
        "帳號或密碼錯誤"
    )
    tab.screenshot("links-refused").fill(密碼=general.password).press("綁定").confirm(SENT)
    code = portal.mail(general.email, "驗證碼").code
    tab.fill({CODE: f"{(int(code) + 1) % 1_000_000:06}"}).press("驗證").expect_text(
        "還可再試 4 次"
    ).screenshot("links-wrong")
    tab.fill({CODE: code}).press("驗證").confirm(DONE)
    tab.screenshot("links-verified").press("登入").screenshot("home-switched")
    switched = tab.header
    tab.press_in_menu("前往鏈結帳號管理與登入").choose(general.username).press("解除帳號")
    tab.screenshot("links-question").confirm(f"請確認解除綁定帳號為：【{general.username}】！！").confirm(
        "已解除綁定"
    )
    emptied = tab.text
    tab.press_in_menu("登出")

    assert normalize("王小花(王小花的有限公司)") in switched
    assert normalize("尚未綁定任何一般帳號") in emptied
    assert tab.heading == normalize("通行證系統登入作業")


def step_to(tab: Tab, thing: Locator) -> None:
    """Move to an element with the Tab key."""
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        if thing.evaluate("one => one === document.activeElement"):
            return
    pytest.fail(f"the Tab key does not reach {thing}")


def walk_to(tab: Tab, name: str) -> None:
    """Move to the element with this name and press Enter."""
    step_to(tab, tab.control(name).last)
    tab.page.keyboard.press("Enter")


def agree_to(tab: Tab, sentence: str) -> None:
    """Press Enter on the message's button, which has the focus."""
    tab.expect_text(sentence)
    expect(tab.page.locator("dialog:modal button")).to_be_focused()
    tab.page.keyboard.press("Enter")


@pytest.mark.rule("BIND-2", "BIND-6", "SW-1", "SW-3", "UNB-1")
def test_everything_works_by_keyboard_alone(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    keyboard = tab.log_in(holder).page.keyboard

    walk_to(tab, "綁定帳號")
    keyboard.type(general.username)
    keyboard.press("Tab")
    keyboard.type(general.password)
    keyboard.press("Enter")
    agree_to(tab, SENT)
    expect(tab.page.locator("#chosen")).to_be_focused()
    step_to(tab, tab.field(CODE))
    keyboard.type(portal.mail(general.email, "驗證碼").code)
    keyboard.press("Enter")
    agree_to(tab, DONE)
    walk_to(tab, "登入")
    tab.page.wait_for_url("**/home")
    switched = tab.header
    walk_to(tab, "前往鏈結帳號管理與登入")
    tab.page.wait_for_url("**/links")
    walk_to(tab, "解除帳號")
    tab.expect_text(f"請確認解除綁定帳號為：【{general.username}】！！")
    walk_to(tab, "確定")

    tab.expect_text("已解除綁定")
    assert normalize("王小花(王小花的有限公司)") in switched


@pytest.mark.rule("SEC-8", "BIND-2")
def test_a_dialog_submitted_after_logout_in_another_tab_leads_to_the_login_and_back(
    tab: Tab, holder: Person, general: Person
) -> None:
    second = tab.log_in(holder).new_tab().go("/links")
    tab.press("綁定帳號").fill(帳號=general.username, 密碼=general.password)
    second.press_in_menu("登出")

    tab.press("綁定").confirm("請重新登入")
    heading = tab.heading
    tab.submit_login(holder)

    assert (heading, tab.path) == (normalize("通行證系統登入作業"), "/links")


@pytest.mark.rule("SEC-8", "BIND-6")
def test_a_code_sent_with_a_stale_token_is_kept_in_the_form(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    code = portal.mail(general.email, "驗證碼").code
    tab.expect_status(400).log_in(holder).fill({CODE: code})
    tab.page.locator(".panel__code [name=csrf_token]").evaluate("one => { one.value = 'stale'; }")

    tab.press("驗證").confirm("請確認內容後再送出一次")
    value = tab.field(CODE).input_value()
    tab.press("驗證").confirm(DONE)

    assert value == code


@pytest.mark.rule("SEC-7", "BIND-6")
def test_a_session_that_ended_while_a_code_was_typed_leads_back_to_its_row_after_logging_in(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    link = portal.logged_in(holder)
    portal.bind(link, portal.person())
    portal.bind(link, general)
    tab.log_in(holder).choose(general.username).fill({CODE: portal.mail(general.email, "驗證碼").code})
    portal.clock.advance(minutes=31)

    tab.press("驗證").confirm("登入已逾時或已登出").submit_login(holder)

    assert tab.path == "/links"
    assert normalize("王小花") in normalize(tab.page.locator("#chosen").inner_text())

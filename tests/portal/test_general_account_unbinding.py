"""帳號被綁定資訊 in a browser: the general account ends its binding (UNB-2, UNB-3)."""

import pytest
from playwright.sync_api import expect

from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

ASKED = "確定要解除綁定？？"
ENDED = "帳號解除綁定成功！！"


@pytest.mark.rule("UNB-2", "UNB-3")
@pytest.mark.parametrize(("state", "words"), [("verified", "已綁定並驗證"), ("unverified", "已綁定未驗證")])
def test_a_general_account_sees_who_binds_it_and_ends_it(
    portal: System, tab: Tab, state: str, words: str
) -> None:
    general, holder = portal.person(), portal.person("link", name="孫小美")
    link = portal.logged_in(holder)
    (portal.bind_and_verify if state == "verified" else portal.bind)(link, general)
    tab.log_in(general).go("/profile").screenshot(f"own-binding-{state}")
    shown = tab.text
    tab.press("此帳號已被鏈結帳號綁定：查看或解除綁定")
    expect(tab.page.locator("#binding")).to_be_in_viewport()

    tab.press("解除綁定").expect_text(ASKED).screenshot(f"own-binding-{state}-asked")
    question = tab.dialog_text
    tab.confirm(ASKED).expect_text(ENDED).screenshot(f"own-binding-{state}-ended").confirm(ENDED)

    expect(tab.page.locator("#binding")).to_be_focused()
    expect(tab.page.locator("#binding")).to_be_in_viewport()
    assert normalize(f"帳號被綁定資訊{words}") in shown
    assert normalize(f"鏈結帳號{holder.username}") in shown
    assert normalize("孫小美") in shown
    assert normalize("驗證碼即失效" if state == "unverified" else "不能再切換登入本帳號") in question
    assert normalize("帳號被綁定資訊未被綁定") in tab.text
    assert normalize("重新取得驗證碼") in tab.text
    assert portal.logged_in(general).get("/account/binding").json() == {"status": "none"}


@pytest.mark.rule("UNB-2")
def test_an_unconfirmed_question_ends_nothing(portal: System, tab: Tab) -> None:
    general = portal.person()
    portal.bind_and_verify(portal.logged_in(portal.person("link")), general)
    tab.log_in(general).go("/profile").press("解除綁定").expect_text(ASKED)

    tab.press("取消")

    assert not tab.has_dialog
    assert portal.logged_in(general).get("/account/binding").json()["status"] == "verified"


@pytest.mark.rule("UNB-2")
def test_a_binding_is_ended_by_keyboard_alone(portal: System, tab: Tab) -> None:
    general = portal.person()
    portal.bind_and_verify(portal.logged_in(portal.person("link")), general)
    tab.log_in(general).go("/profile").control("解除綁定").focus()

    tab.page.keyboard.press("Enter")
    tab.expect_text(ASKED).page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")

    tab.expect_text(ENDED)


@pytest.mark.rule("UNB-2", "UNB-3")
def test_a_binding_is_ended_without_script(portal: System, plain_tab: Tab) -> None:
    general = portal.person()
    portal.bind_and_verify(portal.logged_in(portal.person("link")), general)
    tab = plain_tab.log_in(general).go("/profile").screenshot("own-binding")

    tab.press("解除綁定").screenshot("own-binding-asked").confirm(ASKED)

    tab.expect_text(ENDED).screenshot("own-binding-ended")
    assert normalize("帳號被綁定資訊未被綁定") in tab.text

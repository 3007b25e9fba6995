"""帳號被綁定資訊 in a browser, and the general account's own way of ending the binding (UNB-2, UNB-3)."""

import pytest

from tests.support.browser.tab import Tab
from tests.support.browser.text import normal
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
    (portal.bound if state == "verified" else portal.bind)(link, general)
    tab.log_in(general).go("/profile").screen(f"own-binding-{state}")
    told = tab.text

    tab.press("解除綁定").sees(ASKED).screen(f"own-binding-{state}-asked")
    asked = tab.message
    tab.confirm(ASKED).sees(ENDED).screen(f"own-binding-{state}-ended").confirm(ENDED)

    assert normal(f"帳號被綁定資訊{words}") in told
    assert normal(f"鏈結帳號{holder.username}") in told
    assert normal("孫小美") in told
    assert normal("驗證碼即失效" if state == "unverified" else "不能再切換登入本帳號") in asked
    assert normal("帳號被綁定資訊未被綁定") in tab.text
    assert normal("重新取得驗證碼") in tab.text
    assert portal.logged_in(general).get("/account/binding").json() == {"status": "none"}


@pytest.mark.rule("UNB-2")
def test_what_is_asked_and_not_confirmed_is_not_ended(portal: System, tab: Tab) -> None:
    general = portal.person()
    portal.bound(portal.logged_in(portal.person("link")), general)
    tab.log_in(general).go("/profile").press("解除綁定").sees(ASKED)

    tab.press("取消")

    assert not tab.is_asked
    assert portal.logged_in(general).get("/account/binding").json()["status"] == "verified"


@pytest.mark.rule("UNB-2")
def test_it_is_ended_by_keyboard_alone(portal: System, tab: Tab) -> None:
    general = portal.person()
    portal.bound(portal.logged_in(portal.person("link")), general)
    tab.log_in(general).go("/profile").thing("解除綁定").focus()

    tab.page.keyboard.press("Enter")
    tab.sees(ASKED).page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")

    tab.sees(ENDED)


@pytest.mark.rule("UNB-2", "UNB-3")
def test_it_is_ended_without_script(portal: System, plain_tab: Tab) -> None:
    general = portal.person()
    portal.bound(portal.logged_in(portal.person("link")), general)
    tab = plain_tab.log_in(general).go("/profile").screen("own-binding")

    tab.press("解除綁定").screen("own-binding-asked").confirm(ASKED)

    tab.sees(ENDED).screen("own-binding-ended")
    assert normal("帳號被綁定資訊未被綁定") in tab.text

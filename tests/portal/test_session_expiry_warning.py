"""The page warns before an idle session ends and can extend it (SEC-7, LOGIN-6; WCAG 2.1, 2.2.1)."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.portal.conftest import StartPortal
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System


def _logged_in(system: System, tab: Tab) -> Tab:
    """Log in on pages whose clock follows real time and can also be moved by the test."""
    tab.page.clock.install()
    return tab.log_in(system.person())


def _pass(system: System, *tabs: Tab, minutes: int) -> None:
    system.clock.advance(minutes=minutes)
    for tab in tabs:
        tab.page.clock.run_for(minutes * 60_000)


def _continue(tab: Tab) -> None:
    """Continue the session and wait for the answer, because the page closes the question before its request."""
    with tab.page.expect_response("**/api/v1/session"):
        tab.confirm("尚未儲存的內容將會遺失", by="繼續使用")


def _question(tab: Tab) -> Locator:
    return tab.page.get_by_role("alertdialog", name="登入即將逾時")


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_continuing_before_the_timeout_keeps_the_session(portal: System, tab: Tab) -> None:
    _logged_in(portal, tab)
    _pass(portal, tab, minutes=27)
    expect(_question(tab)).to_be_hidden()
    _pass(portal, tab, minutes=1)
    expect(_question(tab)).to_contain_text(re.compile(r"將於\s+[12] 分鐘"))
    tab.screenshot("session-end")

    _continue(tab)
    expect(_question(tab)).to_be_hidden()
    _pass(portal, tab, minutes=27)

    assert tab.go("/profile").heading == normalize("帳號資料修改")


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_an_unanswered_timeout_leads_to_the_login_and_back(portal: System, tab: Tab) -> None:
    person = portal.person()
    tab.page.clock.install()
    tab.log_in(person).go("/profile")

    _pass(portal, tab, minutes=31)
    tab.page.wait_for_url(lambda address: "next=" in address)
    shown = tab.dialog_text
    tab.confirm("請重新登入").submit_login(person)

    assert normalize("登入已逾時或已登出") in shown
    assert tab.path == "/profile"


@pytest.mark.rule("LOGIN-6")
def test_activity_in_one_tab_keeps_the_other_from_asking(portal: System, tab: Tab) -> None:
    _logged_in(portal, tab)
    other = tab.new_tab()
    _pass(portal, tab, minutes=20)

    other.go("/home")
    _pass(portal, tab, minutes=9)

    expect(_question(tab)).to_be_hidden()


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_near_the_absolute_limit_continuing_does_not_ask_again(start_portal: StartPortal, tab: Tab) -> None:
    system = start_portal(IDENTITY_SESSION_IDLE="30m", IDENTITY_SESSION_ABSOLUTE="30m")
    _logged_in(system, tab)
    _pass(system, tab, minutes=28)

    _continue(tab)
    _pass(system, tab, minutes=1)
    expect(_question(tab)).to_be_hidden()
    _pass(system, tab, minutes=1)

    tab.page.wait_for_url(lambda address: "ended=session" in address)

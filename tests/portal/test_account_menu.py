"""The account menu in the header, by mouse and keyboard (LOGIN-5; manual, steps 14 and 15)."""

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

LONG = "臺灣國際商港貨櫃裝卸暨倉儲物流股份有限公司高雄第二聯合營運中心籌備處"


def entries(tab: Tab) -> Locator:
    return tab.page.locator(".account-menu__panel")


@pytest.fixture
def logged_in(portal: System, tab: Tab) -> Tab:
    return tab.log_in(portal.person("link"))


def test_the_menu_opens_on_hover_and_closes_when_the_mouse_leaves(logged_in: Tab) -> None:
    logged_in.page.locator("header summary").hover()
    expect(entries(logged_in)).to_be_visible()
    entries(logged_in).get_by_role("button", name="登出").hover()
    expect(entries(logged_in)).to_be_visible()
    logged_in.screenshot("menu")

    logged_in.page.locator("h1").hover()

    expect(entries(logged_in)).to_be_hidden()


def test_a_click_after_hover_leaves_the_menu_open(logged_in: Tab) -> None:
    logged_in.page.locator("header summary").click()

    expect(entries(logged_in)).to_be_visible()


def test_the_keyboard_opens_the_menu_and_moves_in_it_and_escape_closes_it(logged_in: Tab) -> None:
    summary = logged_in.page.locator("header summary")
    summary.focus()
    logged_in.page.keyboard.press("Enter")
    expect(entries(logged_in)).to_be_visible()
    logged_in.page.keyboard.press("Tab")

    walked = entries(logged_in).evaluate("one => one.contains(document.activeElement)")
    logged_in.page.keyboard.press("Escape")

    expect(entries(logged_in)).to_be_hidden()
    assert walked
    assert summary.evaluate("one => document.activeElement === one")


def test_escape_closes_a_menu_opened_by_hover_and_keeps_the_focus(logged_in: Tab) -> None:
    focused = logged_in.page.get_by_role("button", name="綁定帳號", exact=True)
    focused.focus()
    logged_in.page.locator("header summary").hover()
    expect(entries(logged_in)).to_be_visible()

    logged_in.page.keyboard.press("Escape")

    expect(entries(logged_in)).to_be_hidden()
    expect(focused).to_be_focused()


def test_a_leaving_mouse_does_not_close_a_menu_that_has_the_focus(logged_in: Tab) -> None:
    logged_in.page.locator("header summary").hover()
    logged_in.page.locator("header summary").focus()
    logged_in.page.keyboard.press("Tab")
    walked = entries(logged_in).locator("a").first
    expect(walked).to_be_focused()

    logged_in.page.mouse.move(5, 700)

    expect(walked).to_be_focused()
    expect(entries(logged_in)).to_be_visible()


def test_a_click_or_focus_outside_closes_the_menu(logged_in: Tab) -> None:
    summary = logged_in.page.locator("header summary")
    summary.focus()
    logged_in.page.keyboard.press("Enter")
    logged_in.page.keyboard.press("Shift+Tab")
    expect(entries(logged_in)).to_be_hidden()

    summary.focus()
    logged_in.page.keyboard.press("Enter")
    expect(entries(logged_in)).to_be_visible()
    logged_in.page.mouse.click(5, 700)

    expect(entries(logged_in)).to_be_hidden()


@pytest.mark.rule("LOGIN-5")
def test_a_long_company_name_is_shown_in_full_and_fits(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person("link", name="歐陽菲菲", company={"name": LONG}))
    tab.page.locator("header summary").hover()

    tab.screenshot("menu-long")

    assert normalize(f"歐陽菲菲({LONG}/鏈結帳號)") in tab.header

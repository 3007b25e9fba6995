"""綁定帳號清單 with many companies: search, keyboard, and the order by last use (BIND-10)."""

import pytest
from playwright.sync_api import expect

from tests.support.actors.many_companies import bind_companies
from tests.support.actors.people import Person
from tests.support.browser.network import count_bytes
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

COMPANIES = 300
PHONE_HEIGHT = 740
MAX_BYTES = 60_000
MAX_SEARCH_MS = 3000


def names(tab: Tab) -> list[str]:
    """Return the companies of the visible rows."""
    return tab.page.locator(".company__name").all_inner_texts()


@pytest.mark.rule("BIND-10")
def test_with_300_companies_the_first_page_is_small_and_shows_a_row_without_scrolling(
    portal: System, tab: Tab, holder: Person
) -> None:
    bind_companies(portal, holder, COMPANIES)
    tab.log_in(holder).page.set_viewport_size({"width": tab.width, "height": PHONE_HEIGHT})

    with count_bytes(tab, cached=False) as received:
        tab.go("/links")

    tab.screenshot("links-300").expect_text(f"共 {COMPANIES} 家")
    first = tab.page.locator(".company").first.bounding_box()
    assert first is not None
    assert first["y"] + first["height"] < PHONE_HEIGHT
    assert 10_000 < sum(received) < MAX_BYTES


@pytest.mark.rule("BIND-10")
def test_a_company_is_found_and_chosen_by_keyboard_in_full_or_half_width_characters(
    portal: System, tab: Tab, holder: Person
) -> None:
    bind_companies(portal, holder, COMPANIES)
    keyboard = tab.log_in(holder).page.keyboard
    query = tab.page.locator("#company-query")

    keyboard.press("/")  # outside the list, a character key must not act as a shortcut (WCAG 2.1.4)
    ignored = query.evaluate("one => one !== document.activeElement")
    tab.page.locator("[data-company]").first.focus()
    keyboard.press("/")
    keyboard.insert_text("第２９９")  # a single input event, like that of an input method
    started = tab.page.evaluate("performance.now()")
    tab.expect_text("找到 1 家（共 300 家）")
    took = tab.page.evaluate("performance.now()") - started
    tab.screenshot("links-found")
    keyboard.press("ArrowDown")
    expect(tab.page.locator("[data-company]")).to_be_focused()
    keyboard.press("Enter")

    expect(tab.page.locator("#chosen")).to_be_focused()
    assert (ignored, names(tab)) == (True, ["第299貨運股份有限公司"])
    assert took < MAX_SEARCH_MS


@pytest.mark.rule("BIND-10")
def test_the_company_used_last_comes_first_and_logging_in_is_one_tap(
    portal: System, tab: Tab, holder: Person
) -> None:
    bind_companies(portal, holder, 30)
    tab.log_in(holder).press("下一頁").expect_text("第 2 頁，共 2 頁")

    tab.page.get_by_role("button", name="登入").filter(has_text="第25貨運").click()
    tab.page.wait_for_url("**/home")
    switched = tab.header
    tab.press_in_menu("前往鏈結帳號管理與登入")

    assert normalize("第25貨運股份有限公司") in switched
    assert normalize(names(tab)[0]) == normalize("第25貨運股份有限公司 上次使用")
    assert [normalize("上次使用") in normalize(name) for name in names(tab)].count(True) == 1


@pytest.mark.rule("BIND-10")
def test_a_chosen_row_opens_below_itself_and_stays_in_view(portal: System, tab: Tab, holder: Person) -> None:
    usernames = bind_companies(portal, holder, 20, unverified=1)
    tab.log_in(holder).expect_text("共 20 家，1 家尚未驗證")
    assert names(tab)[0] == "第1貨運股份有限公司"

    tab.choose(usernames[14]).expect_text("※已通過驗證！！")

    panel = tab.page.locator(".company", has_text=usernames[14]).locator("#chosen")
    expect(panel).to_be_focused()
    assert panel.evaluate("one => one.getBoundingClientRect().top < innerHeight - 50")
    tab.screenshot("links-chosen-below")
    assert tab.page.locator(".company:has(#chosen)").get_by_role("button", name="登入").count() == 1


@pytest.mark.rule("BIND-10")
def test_search_and_pages_work_without_script(portal: System, plain_tab: Tab, holder: Person) -> None:
    usernames = bind_companies(portal, holder, 30)
    tab = plain_tab.log_in(holder)

    tab.fill({"搜尋公司、統編或帳號": "貨運　股份"}).press("搜尋").press("下一頁")
    second = names(tab)
    tab.fill({"搜尋公司、統編或帳號": usernames[6].upper()}).press("搜尋").choose(usernames[6])
    tab.expect_text("※已通過驗證！！")
    tab.fill({"搜尋公司、統編或帳號": "無此公司"}).press("搜尋").screenshot("links-none-found")

    tab.expect_text("找不到符合「無此公司」的公司").press("顯示全部")
    assert (len(second), len(names(tab))) == (10, 20)

"""A line of 綁定帳號清單 chosen in place, where the place does not answer as it should (BIND-1)."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, expect

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text import normal
from tests.support.harness.system import System

ENDED = "登入已逾時或已登出，請重新登入"
AT_LOGIN = re.compile(r"/\?next=")
MOST_REQUESTS = 3


@pytest.fixture
def holder(portal: System) -> Person:
    return portal.person("link", name="陳港生")


@pytest.fixture
def general(portal: System) -> Person:
    return portal.person(name="王小花", company={"name": "王小花的有限公司"})


@pytest.fixture
def other(portal: System, holder: Person, general: Person) -> Person:
    """Another account beside the general one, on the list that stands open; both are bound."""
    other = portal.person(name="李大同")
    link = portal.logged_in(holder)
    for one in (general, other):
        portal.bound(link, one)
    return other


def counted(tab: Tab) -> list[str]:
    """Collect what the tab asks the list's address for, by itself and by its script."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if urlsplit(request.url).path == "/links":
            asked.append(request.url)

    tab.page.on("request", note)
    return asked


@pytest.mark.rule("BIND-1", "LOGIN-6")
def test_where_the_session_has_ended_it_leads_to_the_login_with_a_word(
    portal: System, tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder)
    portal.clock.advance(minutes=31)
    asked = counted(tab)

    tab.press(other.username).page.wait_for_url(AT_LOGIN)

    assert tab.message == normal(f"{ENDED}。")
    tab.confirm(ENDED)
    assert (tab.path, len(asked) <= MOST_REQUESTS) == ("/", True)


@pytest.mark.rule("BIND-1", "LOGIN-6")
def test_the_way_back_to_a_former_line_does_so_too(
    portal: System, tab: Tab, holder: Person, general: Person, other: Person
) -> None:
    tab.log_in(holder).press(general.username).sees("王小花")
    tab.press(other.username).sees("李大同")
    portal.clock.advance(minutes=31)
    asked = counted(tab)

    tab.page.go_back()
    tab.page.wait_for_url(AT_LOGIN)

    tab.confirm(ENDED)
    assert len(asked) <= MOST_REQUESTS


@pytest.mark.rule("BIND-1", "SW-1")
def test_where_another_tab_has_switched_it_leads_there_and_says_so_once(
    tab: Tab, holder: Person, other: Person
) -> None:
    second = tab.log_in(holder).second().go("/links")
    second.press(other.username).sees("李大同").press("登入")
    asked = counted(tab)

    tab.press(other.username).page.wait_for_url("**/home*")

    assert tab.message.count(normal("目前已切換登入為")) == 1
    tab.confirm("要選擇其他帳號，請先點選【前往鏈結帳號管理與登入】")
    assert (tab.path, len(asked) <= MOST_REQUESTS) == ("/home", True)


@pytest.mark.rule("BIND-1")
def test_where_the_network_is_away_the_browser_says_so_and_asks_no_more(
    tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder).go_offline()
    asked = counted(tab)

    with tab.page.expect_event("requestfailed", lambda request: request.is_navigation_request()):
        tab.thing(other.username).click()
    expect(tab.page).to_have_url(re.compile("^chrome-error:"))

    assert len(asked) <= MOST_REQUESTS


@pytest.mark.rule("BIND-1")
def test_a_line_that_the_server_cannot_show_just_now_is_asked_for_by_the_page_itself(
    tab: Tab, holder: Person, general: Person, other: Person
) -> None:
    tab.log_in(holder).press(general.username).sees("王小花").expect_status(503)
    tab.page.route(
        lambda address: "account=" in address, lambda route: route.fulfill(status=503, body="away")
    )
    asked = counted(tab)

    tab.press(other.username)
    expect(tab.page.locator("body")).to_have_text("away")

    assert (tab.status, len(asked) <= MOST_REQUESTS) == (503, True)


@pytest.mark.rule("BIND-1")
def test_the_skip_link_leads_to_the_main_part_and_asks_for_nothing(
    tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder).press(other.username).sees("李大同")
    asked = counted(tab)

    tab.page.locator(".skip-link").focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**#main")
    tab.page.go_back()
    tab.page.wait_for_url("**#chosen")

    assert asked == []


@pytest.mark.rule("BIND-1")
def test_the_skip_link_of_an_empty_list_leads_to_the_main_part(tab: Tab, holder: Person) -> None:
    tab.log_in(holder)
    asked = counted(tab)

    tab.page.locator(".skip-link").focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/links#main")

    expect(tab.page.locator("main")).to_be_focused()
    assert asked == []


@pytest.mark.rule("BIND-1", "BIND-3")
def test_a_link_of_the_error_summary_leads_to_its_field_and_asks_for_nothing(
    tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder).expect_status(422).press("綁定帳號").fill(帳號=other.username).press("綁定")
    asked = counted(tab)

    tab.page.locator(".faults a").click()

    expect(tab.field("密碼")).to_be_focused()
    assert asked == []

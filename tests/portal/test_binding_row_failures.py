"""A row of 綁定帳號清單 opened in place when the server does not answer as expected (BIND-1)."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, Route, expect

from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

ENDED = "登入已逾時或已登出，請重新登入"
AT_LOGIN = re.compile(r"/\?next=")
MAX_REQUESTS = 3


@pytest.fixture
def other(portal: System, holder: Person, general: Person) -> Person:
    """A second general account in the list; both accounts are bound."""
    other = portal.person(name="李大同")
    link = portal.logged_in(holder)
    for one in (general, other):
        portal.bind_and_verify(link, one)
    return other


def counted(tab: Tab) -> list[str]:
    """Collect the tab's requests for the list, from navigation and script."""
    requests: list[str] = []

    def record(request: Request) -> None:
        if urlsplit(request.url).path == "/links":
            requests.append(request.url)

    tab.page.on("request", record)
    return requests


@pytest.mark.rule("BIND-1", "LOGIN-6")
def test_after_the_session_ended_choosing_a_row_leads_to_the_login_with_a_message(
    portal: System, tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder)
    portal.clock.advance(minutes=31)
    requests = counted(tab)

    tab.choose(other.username).page.wait_for_url(AT_LOGIN)

    assert tab.dialog_text == normalize(f"{ENDED}。")
    tab.confirm(ENDED)
    assert (tab.path, len(requests) <= MAX_REQUESTS) == ("/", True)


@pytest.mark.rule("BIND-1", "LOGIN-6")
def test_after_the_session_ended_going_back_to_an_earlier_row_leads_to_the_login_too(
    portal: System, tab: Tab, holder: Person, general: Person, other: Person
) -> None:
    tab.log_in(holder).choose(general.username).expect_text("王小花")
    tab.choose(other.username).expect_text("李大同")
    portal.clock.advance(minutes=31)
    requests = counted(tab)

    tab.page.go_back()
    tab.page.wait_for_url(AT_LOGIN)

    tab.confirm(ENDED)
    assert len(requests) <= MAX_REQUESTS


@pytest.mark.rule("BIND-1", "SW-1")
def test_after_another_tab_switched_choosing_a_row_leads_to_the_switched_account_with_one_message(
    tab: Tab, holder: Person, other: Person
) -> None:
    second = tab.log_in(holder).new_tab().go("/links")
    second.choose(other.username).expect_text("李大同").press("登入")
    requests = counted(tab)

    tab.choose(other.username).page.wait_for_url("**/home*")

    assert tab.dialog_text.count(normalize("目前已切換登入至")) == 1
    tab.confirm("要選擇其他帳號，請先按【前往鏈結帳號管理與登入】")
    assert (tab.path, len(requests) <= MAX_REQUESTS) == ("/home", True)


@pytest.mark.rule("BIND-1")
def test_offline_the_browser_shows_its_own_error_page(tab: Tab, holder: Person, other: Person) -> None:
    tab.log_in(holder).go_offline()
    requests = counted(tab)

    with tab.page.expect_event("requestfailed", lambda request: request.is_navigation_request()):
        tab.row(other.username).click()
    expect(tab.page).to_have_url(re.compile("^chrome-error:"))

    assert len(requests) <= MAX_REQUESTS


@pytest.mark.rule("BIND-1")
def test_a_row_that_fails_to_load_in_place_is_opened_as_a_page(
    tab: Tab, holder: Person, general: Person, other: Person
) -> None:
    tab.log_in(holder).choose(general.username).expect_text("王小花").expect_status(503)
    tab.page.route(
        lambda address: "account=" in address, lambda route: route.fulfill(status=503, body="away")
    )
    requests = counted(tab)

    tab.choose(other.username)
    expect(tab.page.locator("body")).to_have_text("away")

    assert (tab.status, len(requests) <= MAX_REQUESTS) == (503, True)


@pytest.mark.rule("BIND-1")
def test_a_late_answer_does_not_discard_text_typed_in_the_meantime(
    portal: System, tab: Tab, holder: Person, general: Person
) -> None:
    portal.bind(portal.logged_in(holder), general)
    tab.log_in(holder).choose(general.username).expect_text("王小花")
    code = tab.field("請輸入6位數字驗證碼")
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    tab.page.route(lambda address: "account=" in address, hold)
    with tab.page.expect_request(lambda request: "account=" in request.url):
        tab.row(general.username).click()
    code.fill("12")
    routes[0].continue_()
    tab.settle()
    tab.page.keyboard.type("3456")

    expect(code).to_have_value("123456")


@pytest.mark.rule("BIND-1")
def test_the_skip_link_leads_to_the_main_part_without_a_request(
    tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder).choose(other.username).expect_text("李大同")
    requests = counted(tab)

    tab.page.locator(".skip-link").focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**#main")
    tab.page.go_back()
    tab.page.wait_for_url("**#chosen")

    assert requests == []


@pytest.mark.rule("BIND-1")
def test_the_skip_link_of_an_empty_list_leads_to_the_main_part(tab: Tab, holder: Person) -> None:
    tab.log_in(holder)
    requests = counted(tab)

    tab.page.locator(".skip-link").focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/links#main")

    expect(tab.page.locator("main")).to_be_focused()
    assert requests == []


@pytest.mark.rule("BIND-1", "BIND-3")
def test_a_link_of_the_error_summary_leads_to_its_field_without_a_request(
    tab: Tab, holder: Person, other: Person
) -> None:
    tab.log_in(holder).expect_status(422).press("綁定帳號").fill(帳號=other.username).press("綁定")
    requests = counted(tab)

    tab.page.locator(".errors a").click()

    expect(tab.field("密碼")).to_be_focused()
    assert requests == []

"""處理中… is shown while a request is not answered (REG-11, LOGIN-1, BIND-10)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, Route, expect

from tests.support.actors.many_companies import bind_companies
from tests.support.actors.people import Person
from tests.support.actors.registration_form import by_label, valid_fields
from tests.support.browser.tab import Tab
from tests.support.harness.system import System

WAITING = "處理中…"


def hold(tab: Tab, is_held: Callable[[Request], bool]) -> Callable[[], None]:
    """Delay the requests that `is_held` selects until the returned function is called."""
    held: list[Route] = []
    is_released = False

    def handle(route: Route) -> None:
        if is_held(route.request) and not is_released:
            held.append(route)
        else:
            route.continue_()

    def release() -> None:
        nonlocal is_released
        is_released = True
        for route in held:
            route.continue_()

    tab.page.route("**/*", handle)

    return release


def is_post(request: Request) -> bool:
    return request.method == "POST"


@pytest.mark.rule("REG-11")
def test_processing_is_shown_while_a_form_is_checked_before_its_question(tab: Tab) -> None:
    tab.go("/apply/general").fill(by_label(valid_fields()))
    release = hold(tab, is_post)

    button = tab.control("送出")
    button.click()
    expect(tab.page.get_by_role("button", name=WAITING)).to_be_visible()
    tab.screenshot("waiting-check")
    release()

    tab.expect_text("確定要送出申請？？")
    expect(tab.page.get_by_role("button", name=WAITING)).to_have_count(0)


@pytest.mark.rule("LOGIN-1")
def test_processing_is_shown_while_a_form_is_sent(tab: Tab) -> None:
    tab.go("/").fill(使用者帳號="example1234", 使用者密碼="Harbour-Crane-77!")
    # Playwright would wait for a started navigation, so no navigation starts.
    tab.page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")

    tab.control("登入").click()

    expect(tab.page.get_by_role("button", name=WAITING)).to_be_visible()
    tab.screenshot("waiting-login")


@pytest.mark.rule("BIND-10")
def test_processing_is_shown_while_a_chosen_row_loads(portal: System, tab: Tab, holder: Person) -> None:
    usernames = bind_companies(portal, holder, 2)
    tab.log_in(holder)
    release = hold(tab, lambda request: "account=" in request.url)

    tab.row(usernames[1]).click()
    expect(tab.page.get_by_role("status").filter(has_text=WAITING)).to_have_count(1)
    release()

    tab.expect_text("※已通過驗證！！")
    expect(tab.page.get_by_role("status").filter(has_text=WAITING)).to_have_count(0)

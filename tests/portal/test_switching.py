"""Switching to a bound general account and back in a browser (SW; manual, binding steps 11 to 15)."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.portal.conftest import StartPortal
from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

RIGHTS = ["pass:apply", "pass:query", "pass:print"]
BACK = "前往鏈結帳號管理與登入"


@pytest.fixture
def bound(portal: System, holder: Person, general: Person) -> str:
    return portal.bind_and_verify(portal.logged_in(holder), general)


def session_of(tab: Tab) -> Any:
    """Return the API's view of the browser's session."""
    return tab.page.request.get(f"{tab.system.url}/api/v1/session").json()


@pytest.mark.rule("SW-1", "LOGIN-5")
@pytest.mark.usefixtures("bound")
def test_header_and_session_show_the_actor_after_switching(tab: Tab, holder: Person, general: Person) -> None:
    tab.log_in(holder)
    before = (tab.header, session_of(tab)["rights"])

    tab.press("登入").screenshot("home-switched")

    assert normalize("陳港生(錢大明股份有限公司/鏈結帳號)") in before[0]
    assert (tab.path, before[1], session_of(tab)["rights"]) == ("/home", [], RIGHTS)
    assert normalize("王小花(王小花的有限公司)切換登入中操作人員:陳港生") in tab.header
    assert normalize("鏈結帳號)") not in tab.header
    assert session_of(tab)["actor"] == {"username": holder.username, "name": "陳港生"}
    assert normalize(f"鏈結帳號{holder.username}(陳港生)切換登入") in tab.text
    assert normalize(general.username) in tab.text


@pytest.mark.rule("SW-2")
@pytest.mark.usefixtures("bound")
def test_a_link_accounts_own_page_has_no_pass_functions(tab: Tab, holder: Person) -> None:
    tab.log_in(holder).go("/home")

    assert (tab.path, session_of(tab)["rights"]) == ("/links", [])


@pytest.mark.rule("SW-3")
@pytest.mark.usefixtures("bound")
def test_the_menu_leads_back_and_another_account_can_be_chosen(
    portal: System, tab: Tab, holder: Person
) -> None:
    other = portal.person(name="李大同", company={"name": "大同運輸有限公司"})
    portal.bind_and_verify(portal.logged_in(holder), other)
    tab.log_in(holder).choose(other.username).press("登入")
    first = tab.header

    tab.press_in_menu(BACK)
    back = (tab.path, tab.header)
    tab.choose(other.username).expect_text("李大同").press("登入")

    assert normalize("李大同(大同運輸有限公司)") in first
    assert back[0] == "/links"
    assert normalize("陳港生(錢大明股份有限公司/鏈結帳號)") in back[1]
    assert normalize("李大同(大同運輸有限公司)") in tab.header


@pytest.mark.rule("SW-3")
@pytest.mark.usefixtures("bound")
def test_the_home_page_leads_back_too(tab: Tab, holder: Person) -> None:
    tab.log_in(holder).press("登入").press(BACK)

    assert (tab.path, session_of(tab)["account"]["kind"]) == ("/links", "link")


@pytest.mark.rule("SW-1", "SW-3")
@pytest.mark.usefixtures("bound")
def test_a_tab_left_on_the_list_shows_the_switched_account(tab: Tab, holder: Person) -> None:
    second = tab.log_in(holder).new_tab().go("/links")
    tab.press("登入")

    second.press("登入").confirm("您已切換登入其他公司，請先回到「鏈結帳號管理與登入」")
    pressed = second.path
    second.go("/links").expect_text("目前已切換登入至「王小花（王小花的有限公司）」").screenshot(
        "home-switched-told"
    )
    second.confirm("請先按【前往鏈結帳號管理與登入】")

    assert (pressed, second.path) == ("/home", "/home")


@pytest.mark.rule("SW-3")
@pytest.mark.usefixtures("bound")
def test_a_tab_left_on_the_home_page_shows_the_list_after_the_return(tab: Tab, holder: Person) -> None:
    second = tab.log_in(holder).press("登入").new_tab().go("/home")
    tab.press(BACK)

    second.press(BACK).confirm("目前並未切換登入")

    assert second.path == "/links"


@pytest.mark.rule("SW-5")
@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("path", ["/home", "/"])
def test_a_switched_session_ends_at_the_next_page_after_its_binding_is_removed(
    portal: System, tab: Tab, holder: Person, general: Person, path: str
) -> None:
    tab.log_in(holder).press("登入")
    portal.logged_in(general).delete("/account/binding")

    tab.go(path).expect_text("「王小花的有限公司」的綁定已解除").screenshot("login-unbound")
    tab.confirm("切換登入已結束，請以鏈結帳號重新登入")

    expect(tab.field("使用者帳號")).to_be_focused()
    assert tab.path == "/"


@pytest.mark.rule("LOGIN-6")
@pytest.mark.usefixtures("bound")
def test_logging_out_while_switched_ends_the_link_accounts_session_too(
    portal: System, tab: Tab, holder: Person
) -> None:
    tab.log_in(holder).press("登入").press_in_menu("登出")
    left = (tab.path, tab.heading)

    tab.go("/links")

    assert left == ("/", normalize("通行證系統登入作業"))
    assert tab.path == "/"
    assert (
        portal.rows("SELECT 1 FROM sessions WHERE holder_id = :id AND binding_id IS NOT NULL", id=holder.id)
        == []
    )


@pytest.mark.rule("SW-1")
def test_a_stale_page_does_not_switch_through_a_removed_binding(
    portal: System, tab: Tab, holder: Person, bound: str
) -> None:
    tab.log_in(holder)
    portal.logged_in(holder).delete(f"/bindings/{bound}")

    tab.press("登入").confirm("無法切換登入")

    assert tab.path == "/links"


@pytest.mark.rule("SW-4")
@pytest.mark.usefixtures("bound")
def test_while_switched_the_menus_hide_the_general_accounts_own_pages(tab: Tab, holder: Person) -> None:
    tab.log_in(holder).press("登入")
    tab.page.locator("header summary").hover()

    offered = tab.page.locator(".account-menu .menu-item").all_inner_texts()

    assert offered == [BACK, "登出"]
    assert normalize("基本資料維護") not in normalize(tab.page.locator("nav").inner_text())


@pytest.mark.rule("LOGIN-4", "LOGIN-5")
def test_a_general_accounts_home_links_to_the_configured_pass_functions(
    start_portal: StartPortal, tab: Tab
) -> None:
    portal = start_portal(
        IDENTITY_PASS_APPLY_URL="https://pass.example/apply",
        IDENTITY_PASS_QUERY_URL="https://pass.example/query",
    )
    person = portal.person(name="王小花", company={"name": "王小花的有限公司"})

    tab.log_in(person).screenshot("home-own")

    assert (tab.path, tab.heading) == ("/home", normalize("王小花的有限公司"))
    assert tab.page.locator("main a").evaluate_all("all => all.map(one => one.href)") == [
        "https://pass.example/apply",
        "https://pass.example/query",
    ]

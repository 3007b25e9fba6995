"""通行證系統登入作業 and the header after login (LOGIN; manual, step 18)."""

import threading

import pytest
from flask import request
from playwright.sync_api import expect

from tests.portal.conftest import StartPortal
from tests.support.actors.people import Person
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System

_COMPANY = "錢大明股份有限公司"


@pytest.mark.rule("LOGIN-4", "LOGIN-5")
def test_a_general_account_lands_on_its_home_and_the_header_names_its_company(
    portal: System, tab: Tab
) -> None:
    person = portal.person()

    tab.go("/").screenshot("login").log_in(person)

    assert tab.path == "/home"
    assert normalize(f"錢大明({_COMPANY})") in tab.header
    tab.screenshot("home")


@pytest.mark.rule("LOGIN-4", "LOGIN-5")
def test_a_link_account_lands_on_its_bindings_and_the_header_shows_its_kind(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person("link"))

    assert tab.heading == normalize("鏈結帳號管理與登入")
    assert normalize(f"錢大明({_COMPANY} / 鏈結帳號)") in tab.header


@pytest.mark.rule("LOGIN-1")
@pytest.mark.parametrize("username", [None, "nobody"])
def test_a_wrong_password_and_an_unknown_account_get_the_same_message(
    portal: System, tab: Tab, username: str | None
) -> None:
    typed = username or portal.person().username

    tab.expect_status(401).go("/").fill(使用者帳號=typed, 使用者密碼="wrong").press("登入")

    assert (tab.status, tab.field("使用者帳號").input_value()) == (401, typed)
    assert normalize("帳號或密碼錯誤") in tab.text
    assert tab.field("使用者密碼").input_value() == ""
    assert tab.page.evaluate("document.activeElement.className") == "errors"
    tab.screenshot("login-refused")


@pytest.mark.rule("LOGIN-2")
def test_the_message_of_a_locked_account_has_the_remaining_time(portal: System, tab: Tab) -> None:
    person = portal.person()
    for _ in range(5):
        portal.visitor().log_in(person, password="wrong")

    tab.expect_status(429).log_in(person)

    assert tab.status == 429
    assert normalize("登入失敗次數過多,請於 15 分鐘後再試,或以「忘記密碼?」重設密碼") in tab.text
    tab.screenshot("login-locked")


def test_each_empty_field_is_named_with_its_reason(tab: Tab) -> None:
    tab.expect_status(422).go("/").press("登入")

    assert normalize("有 2 個欄位需要修正") in tab.text
    tab.press("使用者密碼：此欄位為必填").screenshot("login-empty")
    expect(tab.field("使用者密碼")).to_be_focused()


def test_logging_in_leads_to_the_requested_page(portal: System, tab: Tab) -> None:
    person = portal.person()
    portal.logged_in(person)

    tab.go("/sessions")
    path_before = tab.path
    tab.submit_login(person)

    assert (path_before, tab.path) == ("/", "/sessions")


def _logged_in(portal: System, tab: Tab) -> Person:
    person = portal.person(name="陳小美")
    tab.log_in(person)
    return person


@pytest.mark.rule("LOGIN-6")
def test_logging_out_ends_the_session_and_the_back_button_shows_none_of_its_pages(
    portal: System, tab: Tab
) -> None:
    _logged_in(portal, tab)
    cookie = tab.cookie("session")

    tab.press_in_menu("登出")
    tab.expect_text("您已登出。").screenshot("login-logged-out")
    left = (tab.path, tab.heading, portal.visitor().get("/session", Cookie=f"session={cookie}").status_code)
    tab.page.go_back()

    assert left == ("/", normalize("通行證系統登入作業"), 401)
    assert "陳小美" not in tab.page.content()
    assert tab.heading == normalize("通行證系統登入作業")


def test_a_second_click_while_the_first_is_pending_sends_nothing(start_portal: StartPortal, tab: Tab) -> None:
    portal, answering, sent = start_portal(own_app=True), threading.Event(), []

    @portal.app.before_request
    def hold() -> None:  # the second click happens while the first submit is pending
        if (request.method, request.path) == ("POST", "/"):
            sent.append(request.form["username"])
            answering.wait(timeout=10)

    person = portal.person()
    tab.go("/").fill(使用者帳號=person.username, 使用者密碼=person.password)
    box = tab.control("登入").bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + 20, box["y"] + 20)
    wait_until(lambda: sent, what="the first submit")
    tab.page.mouse.click(box["x"] + 20, box["y"] + 20)
    answering.set()
    tab.page.wait_for_url("**/consents")

    assert sent == [person.username]
    assert len(portal.rows("SELECT 1 FROM sessions")) == 1


def test_without_cookies_the_page_asks_to_enable_cookies(portal: System, tab: Tab) -> None:
    person = portal.person()
    tab.expect_status(400).go("/").fill(使用者帳號=person.username, 使用者密碼=person.password)
    tab.page.context.clear_cookies()

    tab.press("登入")

    assert tab.status == 400
    assert normalize("請允許 Cookie") in tab.text
    tab.screenshot("login-no-cookies")


@pytest.mark.rule("SEC-7")
def test_no_script_can_read_our_cookies(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person())

    cookies = tab.page.context.cookies()

    assert tab.page.evaluate("document.cookie") == ""
    assert {(one.get("httpOnly"), one.get("sameSite")) for one in cookies} == {(True, "Lax")}
    assert {"session", "form"} <= {one.get("name") for one in cookies}


def test_everything_works_without_script(portal: System, plain_tab: Tab) -> None:
    person = portal.person()

    plain_tab.expect_status(401).go("/").fill(使用者帳號=person.username, 使用者密碼="wrong").press("登入")
    refused = plain_tab.text
    plain_tab.log_in(person).screenshot("home")
    landed = plain_tab.path
    plain_tab.press_in_menu("登出")

    assert normalize("帳號或密碼錯誤") in refused
    assert (landed, plain_tab.path) == ("/home", "/")


@pytest.mark.rule("LOGIN-1", "REG-10")
def test_a_shown_password_is_hidden_again_before_submit(portal: System, tab: Tab) -> None:
    person = portal.person()
    password = tab.go("/").fill(使用者帳號=person.username, 使用者密碼=person.password).field("使用者密碼")

    tab.press("顯示使用者密碼").screenshot("login-password-shown")
    shown = password.get_attribute("type")
    tab.press("隱藏使用者密碼")
    hidden = password.get_attribute("type")
    tab.press("顯示使用者密碼").press("登入")

    assert (shown, hidden) == ("text", "password")
    assert tab.path in {"/consents", "/home"}


def test_without_script_no_control_shows_the_password(plain_tab: Tab) -> None:
    plain_tab.go("/")

    assert plain_tab.page.locator(".reveal").filter(visible=True).count() == 0

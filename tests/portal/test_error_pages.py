"""Error pages explain the error and link to the next step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from identity.domain import errors
from sqlalchemy.engine import make_url

from tests.portal.conftest import StartPortal
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

_PAGES: list[tuple[int, Exception, str]] = [
    (403, errors.ForeignOrigin(), "無法完成此操作"),
    (410, errors.LinkSuperseded(), "連結已失效"),
    (429, errors.TooManyRequests(90), "操作過於頻繁"),
    (500, RuntimeError("an internal secret"), "系統發生錯誤"),
    (503, errors.Busy(5), "系統暫時無法提供服務"),
]


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(("status", "failure", "title"), _PAGES)
def test_an_error_page_links_to_the_next_step(
    start_portal: StartPortal, tab: Tab, status: int, failure: Exception, title: str
) -> None:
    def view() -> NoReturn:
        raise failure

    start_portal(own_app=True).app.add_url_rule("/failing", "failing", view)

    tab.expect_status(status).go("/failing").screenshot(f"failure-{status}")

    assert (tab.status, tab.heading) == (status, normalize(title))
    assert "secret" not in tab.text
    assert tab.text.count("請稍") == (status >= 500)
    assert ("系統忙碌中" in tab.text) == (status == 503)
    assert tab.press("回首頁").path == "/"


def test_the_error_page_of_an_unknown_url_links_home(tab: Tab) -> None:
    tab.expect_status(404).go("/nowhere").screenshot("failure-404")

    assert (tab.status, tab.heading) == (404, normalize("找不到頁面"))
    assert tab.press("回首頁").path == "/"


def test_the_tracking_number_is_copied_by_one_button(tab: Tab) -> None:
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.expect_status(404).go("/nowhere").press("複製追蹤編號").expect_text("已複製")

    shown = tab.page.locator("code").inner_text()

    assert len(shown) == 32
    assert tab.page.evaluate("navigator.clipboard.readText()") == shown


def test_without_script_there_is_no_copy_button(plain_tab: Tab) -> None:
    plain_tab.expect_status(404).go("/nowhere").screenshot("failure-404")

    assert plain_tab.page.locator("[data-copy]").is_hidden()


def test_the_error_page_of_a_post_only_url_links_home(tab: Tab) -> None:
    tab.expect_status(405).go("/logout").screenshot("failure-405")

    assert (tab.status, normalize("請由首頁重新進入") in tab.text) == (405, True)
    assert tab.press("回首頁").path == "/"


def test_an_oversized_form_gets_an_error_page(portal: System, tab: Tab) -> None:
    tab.expect_status(413).go("/")
    tab.page.evaluate("document.querySelectorAll('input').forEach((one) => one.removeAttribute('maxlength'))")

    tab.fill(使用者帳號="x" * 70_000, 使用者密碼="x").press("登入")

    assert (tab.status, tab.heading) == (413, normalize("送出的資料過大"))
    tab.screenshot("failure-413")
    assert portal.rows("SELECT 1 FROM sessions") == []


@contextmanager
def _database_outage(portal: System) -> Iterator[None]:
    file = Path(str(make_url(portal.database_url).database))
    portal.engine.dispose()
    aside = file.rename(file.with_suffix(".aside"))
    file.mkdir()
    yield
    file.rmdir()
    aside.rename(file)


def test_the_error_page_of_a_database_outage_can_be_reloaded_afterwards(portal: System, tab: Tab) -> None:
    tab.expect_status(503).log_in(portal.person())

    with _database_outage(portal):
        tab.go("/home").screenshot("failure-503-database")
        shown = tab.status, tab.heading, normalize("剛才的內容尚未儲存") in tab.text
        said = tab.text.count(normalize("系統暫時無法提供服務"))
    tab.page.reload()

    assert shown == (503, normalize("系統暫時無法提供服務"), False)
    assert said == 1
    assert (tab.status, tab.path) == (200, "/home")


def test_a_form_sent_during_a_database_outage_is_reported_unsaved_and_can_be_resent(
    portal: System, tab: Tab
) -> None:
    person = portal.person()
    portal.logged_in(person)
    tab.expect_status(503).go("/")

    with _database_outage(portal):
        tab.submit_login(person)
        shown = tab.status, normalize("剛才的內容尚未儲存") in tab.text
    tab.page.go_back()
    tab.submit_login(person)

    assert shown == (503, True)
    assert tab.path == "/home"

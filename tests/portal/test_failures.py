"""Failures as a person meets them: each page says what happened and where to go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from identity.domain import errors
from sqlalchemy.engine import make_url

from tests.portal.conftest import StartPortal
from tests.support.browser.tab import Tab
from tests.support.browser.text import normal
from tests.support.harness.system import System

_SEEN: list[tuple[int, Exception, str]] = [
    (403, errors.ForeignOrigin(), "無法執行此操作"),
    (410, errors.LinkSuperseded(), "連結已失效"),
    (429, errors.TooManyRequests(90), "操作過於頻繁"),
    (500, RuntimeError("a secret of the inside"), "系統發生錯誤"),
    (503, errors.Busy(5), "系統暫時無法服務"),
]


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(("status", "failure", "title"), _SEEN)
def test_a_failure_is_a_page_that_leads_on(
    start_portal: StartPortal, tab: Tab, status: int, failure: Exception, title: str
) -> None:
    def view() -> NoReturn:
        raise failure

    start_portal().app.add_url_rule("/failing", "failing", view)

    tab.expect_status(status).go("/failing").screen(f"failure-{status}")

    assert (tab.status, tab.heading) == (status, normal(title))
    assert "secret" not in tab.text
    assert tab.press("回首頁").path == "/"


def test_an_address_that_does_not_exist_leads_home(tab: Tab) -> None:
    tab.expect_status(404).go("/nowhere").screen("failure-404")

    assert (tab.status, tab.heading) == (404, normal("找不到頁面"))
    assert tab.press("回首頁").path == "/"


def test_an_address_that_only_takes_forms_leads_home(tab: Tab) -> None:
    tab.expect_status(405).go("/logout").screen("failure-405")

    assert (tab.status, normal("請由首頁重新進入") in tab.text) == (405, True)
    assert tab.press("回首頁").path == "/"


def test_what_is_too_large_is_said_on_a_page(portal: System, tab: Tab) -> None:
    tab.expect_status(413).go("/")
    tab.page.evaluate("document.querySelectorAll('input').forEach((one) => one.removeAttribute('maxlength'))")

    tab.fill(使用者帳號="x" * 70_000, 使用者密碼="x").press("登入")

    assert (tab.status, tab.heading) == (413, normal("送出的資料過大"))
    tab.screen("failure-413")
    assert portal.rows("SELECT 1 FROM sessions") == []


@contextmanager
def _database_away(portal: System) -> Iterator[None]:
    file = Path(str(make_url(portal.database_url).database))
    portal.engine.dispose()
    aside = file.rename(file.with_suffix(".aside"))
    file.mkdir()
    yield
    file.rmdir()
    aside.rename(file)


def test_a_database_that_is_away_is_said_and_the_page_works_again_once_it_is_back(
    portal: System, tab: Tab
) -> None:
    tab.expect_status(503).log_in(portal.person())

    with _database_away(portal):
        tab.go("/home").screen("failure-503-database")
        told = tab.status, tab.heading, normal("剛才的內容尚未儲存") in tab.text
        said = tab.text.count(normal("系統暫時無法服務"))
    tab.page.reload()

    assert told == (503, normal("系統暫時無法服務"), False)
    assert said == 1
    assert (tab.status, tab.path) == (200, "/home")


def test_a_form_sent_while_the_database_is_away_is_said_to_be_unsaved_and_can_be_sent_again(
    portal: System, tab: Tab
) -> None:
    person = portal.person()
    portal.logged_in(person)
    tab.expect_status(503).go("/")

    with _database_away(portal):
        tab.log_in_here(person)
        told = tab.status, normal("剛才的內容尚未儲存") in tab.text
    tab.page.go_back()
    tab.log_in_here(person)

    assert told == (503, True)
    assert tab.path == "/home"

"""Errors as pages for people and as problem documents for programs (SEC-13)."""

from typing import Any, NoReturn

import httpx
import pytest
from identity.domain import errors

from tests.support.browser.text_normalization import normalize, visible_text
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

_FOR_PEOPLE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
_FAILURES: list[tuple[int, Exception]] = [
    (403, errors.ForeignOrigin()),
    (404, errors.NotFound()),
    (410, errors.LinkSuperseded()),
    (429, errors.TooManyRequests(90)),
    (500, RuntimeError("an internal secret")),
    (503, errors.Busy(5)),
]


def _add_failing_route(system: System, path: str, failure: Exception) -> None:
    """Add a route that fails with this error, because no route of the product fails on demand."""

    def view() -> NoReturn:
        raise failure

    system.app.add_url_rule(path, path, view)


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(("status", "failure"), _FAILURES)
def test_a_browser_gets_an_error_page_and_a_program_a_problem_document(
    start_system: StartSystem, status: int, failure: Exception
) -> None:
    system = start_system(own_app=True)
    _add_failing_route(system, "/failing", failure)
    _add_failing_route(system, "/api/v1/failing", failure)
    browser = system.visitor().http

    page = browser.get("/failing", headers=_FOR_PEOPLE)
    document = browser.get("/api/v1/failing", headers=_FOR_PEOPLE)

    assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert normalize(f"錯誤代碼 {status}") in visible_text(page.text)
    assert (document.status_code, document.headers["Content-Type"]) == (status, "application/problem+json")
    assert "secret" not in page.text + document.text
    assert "Traceback" not in page.text + document.text
    waits = {"Retry-After" in answer.headers for answer in (page, document)}
    assert waits == {status == 429 or isinstance(failure, errors.Busy)}


def _sent(browser: httpx.Client, method: str, path: str, **options: Any) -> tuple[int, str]:
    answer = browser.request(method, path, headers=_FOR_PEOPLE, **options)
    return answer.status_code, answer.headers["Content-Type"].partition(";")[0]


@pytest.mark.rule("SEC-13")
def test_unsupported_methods_and_types_are_answered_the_same_way(system: System) -> None:
    browser = system.visitor().http
    large = {"username": "x" * 70_000}

    result = [
        _sent(browser, "GET", "/nowhere"),
        _sent(browser, "GET", "/logout"),
        _sent(browser, "PUT", "/oauth/logout"),
        _sent(browser, "POST", "/", data=large),
        _sent(browser, "GET", "/api/v1/nowhere"),
        _sent(browser, "PUT", "/api/v1/sessions"),
        _sent(browser, "PUT", "/oauth/token"),
        _sent(browser, "POST", "/api/v1/sessions", json=large),
    ]

    kinds = ["text/html"] * 4 + ["application/problem+json"] * 4
    assert result == list(zip([404, 405, 405, 413] * 2, kinds, strict=True))


def test_a_script_request_without_a_session_is_not_redirected_to_the_login(system: System) -> None:
    browser = system.visitor().http

    answer = browser.get("/profile", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")

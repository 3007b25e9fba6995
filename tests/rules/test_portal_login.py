"""Logging in through the page: redirects and cookies (SEC-7, SEC-8)."""

import re
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest

from tests.support.actors.people import Person
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')

_FOREIGN = [
    "//evil.example",
    "///evil.example",
    "//[",
    "https://evil.example/",
    "javascript:alert(1)",
    "\\\\evil.example",
    "/\\evil.example",
    "/%5cevil.example",
    "/%2f/evil.example",
    "/home\r\nX-Evil: 1",
    "/\t/evil.example",
    " /home",
    "/api/v1/session",
    "/openapi.json",
    "/logout",
    "/static/x/portal.css",
    "/nowhere",
    "/home" + "?" * 300,
]


def _morsels(answer: httpx.Response) -> dict[str, Morsel[str]]:
    cookies: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("Set-Cookie"):
        cookies.load(line)
    return dict(cookies)


def _log_in(system: System, person: Person, **fields: str) -> httpx.Response:
    """Log in like a browser, with copied cookies, because httpx sends no Secure cookies over plain HTTP."""
    browser = system.visitor().http
    shown = browser.get("/")
    cookies = "; ".join(f"{name}={one.value}" for name, one in _morsels(shown).items())
    browser.cookies.clear()
    sent = {
        "username": person.username,
        "password": person.password,
        "csrf_token": _CSRF.findall(shown.text)[0],
        **fields,
    }
    return browser.post("/", data=sent, headers={"Cookie": cookies})


@pytest.mark.rule("SEC-8")
def test_logging_in_never_redirects_to_another_site(system: System) -> None:
    person = system.person()
    system.logged_in(person)

    answers = {path: _log_in(system, person, next=path) for path in _FOREIGN}
    pages = [system.visitor().http.get("/", params={"next": path}) for path in _FOREIGN]

    assert {path: answer.headers.get("Location") for path, answer in answers.items()} == dict.fromkeys(
        _FOREIGN, "/home"
    )
    assert {(page.status_code, "evil" in page.text) for page in pages} == {(200, False)}


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize("path", ["/", "/apply", "/apply/link", "/password/forgotten", "/username/forgotten"])
def test_pages_before_the_login_keep_the_requested_page_only_if_it_is_ours(system: System, path: str) -> None:
    browser = system.visitor().http

    ours, foreign = (
        browser.get(path, params={"next": next_path}) for next_path in ("/sessions", "//evil.example")
    )

    assert (ours.status_code, "next=/sessions" in ours.text) == (200, True)
    assert (foreign.status_code, "evil" in foreign.text) == (200, False)


@pytest.mark.rule("VER-8", "LOGIN-3")
def test_the_url_of_the_form_that_corrects_the_mailbox_keeps_the_requested_page(system: System) -> None:
    browser = system.visitor().http

    answer = browser.get("/verification/mailbox?next=/sessions")

    assert answer.headers["Location"] == "/verification?next=/sessions"


def test_logging_in_leads_to_the_requested_page_if_it_is_ours(system: System) -> None:
    person = system.person()
    system.logged_in(person)

    assert _log_in(system, person, next="/sessions").headers["Location"] == "/sessions"


@pytest.mark.rule("SEC-7")
@pytest.mark.parametrize(
    ("public_url", "prefix", "secure"),
    [("http://127.0.0.1:8000", "", False), ("https://localhost", "__Host-", True)],
)
def test_cookies_are_host_only_and_http_only(
    start_system: StartSystem, public_url: str, prefix: str, *, secure: bool
) -> None:
    system = start_system(IDENTITY_PUBLIC_URL=public_url)
    person = system.register()

    morsels = _morsels(_log_in(system, person))

    assert f"{prefix}session" in morsels
    for name, one in morsels.items():
        assert name.startswith(prefix)
        assert (one["httponly"], one["samesite"], one["path"], one["domain"]) == (True, "Lax", "/", "")
        assert bool(one["secure"]) is secure
    assert not morsels[f"{prefix}session"]["max-age"]
    assert not morsels[f"{prefix}session"]["expires"]


@pytest.mark.rule("SEC-7")
def test_every_login_starts_a_new_session_and_sets_a_new_form_cookie(system: System) -> None:
    person = system.person()

    first, second = (_morsels(_log_in(system, person)) for _ in range(2))

    assert first["session"].value != second["session"].value
    assert len(system.rows("SELECT 1 FROM sessions")) == 2


@pytest.mark.rule("SEC-7", "LOGIN-6")
def test_logging_in_again_in_the_same_browser_ends_its_previous_session(system: System) -> None:
    first, second = system.person(), system.person()
    browser = system.visitor().http
    tokens = []

    for person in (first, second):
        csrf = _CSRF.findall(browser.get("/apply").text or "") or _CSRF.findall(browser.get("/").text)
        browser.post(
            "/", data={"username": person.username, "password": person.password, "csrf_token": csrf[0]}
        )
        tokens.append(browser.cookies["session"])

    statuses = [
        httpx.get(f"{system.url}/api/v1/session", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in tokens
    ]
    assert statuses == [401, 200]

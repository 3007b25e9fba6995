"""Session tokens are replaced at login, switch and return, and cookies are limited to this host (SEC-7)."""

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

HTTPS = "https://localhost"


def _cookie(answer: httpx.Response, name: str) -> tuple[str, dict[str, str]]:
    cookie: SimpleCookie = SimpleCookie()
    for header in answer.headers.get_list("set-cookie"):
        cookie.load(header)
    ((full, morsel),) = [(key, morsel) for key, morsel in cookie.items() if name in key]
    return full, {key: str(value) for key, value in morsel.items()}


@pytest.mark.rule("SEC-7", "SEC-3")
@pytest.mark.parametrize("name", ["device", "form"])
def test_behind_https_each_cookie_is_host_only_secure_and_http_only(
    start_system: StartSystem, name: str
) -> None:
    system = start_system(IDENTITY_PUBLIC_URL=HTTPS)
    person = system.register()

    answer = system.visitor().log_in(person) if name == "device" else system.visitor().http.get("/")
    full, flags = _cookie(answer, name)

    assert full.startswith("__Host-")
    assert flags["secure"]
    assert flags["httponly"]
    assert (flags["samesite"], flags["path"], flags["domain"]) == ("Lax", "/", "")


@pytest.mark.rule("SEC-7")
def test_on_loopback_without_https_cookies_are_still_http_only(system: System) -> None:
    person = system.register()

    full, flags = _cookie(system.visitor().log_in(person), "device")

    assert not full.startswith("__Host-")
    assert flags["httponly"]
    assert flags["samesite"] == "Lax"


@pytest.mark.rule("SEC-7", "SW-1", "SW-3")
def test_login_switch_and_return_issue_new_tokens_and_keep_the_absolute_limit(
    system: System,
) -> None:
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)
    binding_id = system.bind_and_verify(link, general)
    ((limit,),) = system.rows("SELECT expires_at FROM sessions")
    first = link.token

    system.clock.advance(minutes=20)
    link.switch(binding_id)
    second = link.token
    system.clock.advance(minutes=20)
    link.switch_back()
    third = link.token

    assert len({first, second, third}) == 3
    assert [_status(system, token) for token in (first, second, third)] == [401, 401, 200]
    assert system.rows("SELECT expires_at FROM sessions") == [(limit,)]
    assert not any(
        token and token in str(system.rows("SELECT * FROM sessions")) for token in (first, second, third)
    )


def _status(system: System, token: str | None) -> int:
    visitor = system.visitor()
    visitor.token = token
    return visitor.get("/session").status_code


@pytest.mark.rule("SEC-7")
def test_a_session_token_in_the_url_or_a_form_is_ignored(system: System) -> None:
    token = system.logged_in(system.person()).token
    stranger = system.visitor()

    statuses = [
        stranger.get(f"/session?token={token}&access_token={token}"),
        stranger.get("/session", Authorization=f"Basic {token}"),
        stranger.get("/session", Authorization=f"Bearer {token}x"),
        stranger.get("/session", Authorization="Bearer"),
    ]

    assert [answer.status_code for answer in statuses] == [401] * 4

"""The page 登入中的裝置: names of browsers, and the end of a session (LOGIN-7)."""

import pytest

from tests.rules.test_password_page import page_of
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
    "Safari/537.36": "Chrome（Windows）",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
    "Safari/537.36 Edg/130.0.0.0": "Edge（Windows）",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Safari/605.1.15": "Safari（macOS）",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/130.0.0.0 Mobile/15E148 Safari/604.1": "Chrome（iPhone）",
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0": "Firefox（Linux）",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36": "Samsung Internet（Android）",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/X; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36 Line/14.1.0": "LINE 內建瀏覽器（Android）",
    "python-httpx/0.27": "其他瀏覽器",
}


@pytest.mark.rule("LOGIN-7")
def test_browsers_get_readable_names(system: System) -> None:
    person = system.person()
    for agent in AGENTS:
        visitor = system.visitor()
        visitor.http.headers["User-Agent"] = agent
        visitor.log_in(person)

    page = page_of(system.logged_in(person), "/sessions")

    assert [name for name in AGENTS.values() if normalize(name) not in page.text] == []


@pytest.mark.rule("LOGIN-7", "SEC-13")
def test_the_user_agent_is_not_shown_on_the_page(system: System) -> None:
    person = system.person()
    visitor = system.visitor()
    visitor.http.headers["User-Agent"] = "Mozilla/5.0 (<script>alert(1)</script>) Firefox/130.0"
    visitor.log_in(person)

    page = page_of(system.logged_in(person), "/sessions")

    assert ("alert(1)" in page.text, "Firefox" in page.text) == (False, True)


@pytest.mark.rule("LOGIN-7")
def test_another_accounts_session_cannot_be_ended_by_its_url(system: System) -> None:
    stranger = system.logged_in(system.person())
    (session,) = stranger.get("/sessions").json()["items"]
    mine = page_of(system.logged_in(system.person()), "/sessions")

    answer = mine.browser.post(f"/sessions/{session['id']}/end", mine.fields)

    assert (answer.status, answer.answer.url.path) == (200, "/sessions")
    assert stranger.get("/session").status_code == 200

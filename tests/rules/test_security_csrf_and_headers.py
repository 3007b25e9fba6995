"""Browser requests: forged forms, foreign origins, headers (SEC-8)."""

import re

import httpx
import pytest

from tests.support.actors.people import NO_TLS
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

WITH_TOKEN = ["/email/verify?token=x", "/email/change?token=x", "/password/reset?token=x"]
PAGES = [*WITH_TOKEN, "/docs", "/nowhere", "/", "/apply", "/password/forgotten"]
AS_A_PERSON = {"Accept": "text/html,*/*;q=0.8"}
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def _verified(system: System) -> bool:
    return system.rows("SELECT 1 FROM accounts WHERE email_verified_at IS NOT NULL") != []


@pytest.mark.rule("SEC-8")
def test_a_form_without_the_token_of_its_page_changes_nothing(system: System) -> None:
    person = system.register()
    token = system.mail(person.email).token
    browser, other = system.visitor().http, system.visitor().http
    foreign = CSRF.findall(other.get(f"/email/verify?token={token}").text)[0]

    refused = [
        browser.post("/email/verify", data={"token": token}),
        browser.post("/email/verify", data={"token": token, "csrf_token": "made-up"}),
        browser.post("/email/verify", data={"token": token, "csrf_token": foreign}),
        browser.post("/password/reset", data={"token": token, "password": "x", "password_again": "x"}),
    ]

    assert [answer.status_code for answer in refused] == [400] * 4
    assert not _verified(system)


@pytest.mark.rule("SEC-8", "VER-2", "VER-3")
def test_the_button_of_the_link_page_verifies(system: System) -> None:
    person = system.register()
    link = system.mail(person.email).link.removeprefix(PUBLIC_URL)
    browser = system.visitor().http

    csrf = CSRF.findall(browser.get(link).text)[0]
    sent = {"token": link.partition("token=")[2], "csrf_token": csrf}
    done = browser.post("/email/verify", data=sent, follow_redirects=True)

    assert (done.status_code, "Email 驗證成功" in done.text) == (200, True)
    assert _verified(system)


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_foreign_scripts_frames_referrers_and_caches(system: System, path: str) -> None:
    headers = system.visitor().http.get(path, headers=AS_A_PERSON).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize("path", [*WITH_TOKEN, "/api/v1/consents", "/api/v1/nowhere"])
def test_a_url_with_a_token_is_never_sent_as_referrer(system: System, path: str) -> None:
    assert system.visitor().http.get(path, headers=AS_A_PERSON).headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize("path", ["/", "/apply", "/nowhere"])
def test_a_page_sends_its_referrer_only_within_the_site(system: System, path: str) -> None:
    """With this policy browsers send the form's origin, which the origin check needs."""
    assert system.visitor().http.get(path, headers=AS_A_PERSON).headers["Referrer-Policy"] == "same-origin"


@pytest.mark.rule("SEC-8")
def test_pages_have_no_inline_script_inline_style_or_foreign_url(system: System) -> None:
    texts = "\n".join(system.visitor().http.get(path, headers=AS_A_PERSON).text for path in PAGES)

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|javascript:", texts)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', texts)


@pytest.mark.rule("SEC-8")
def test_behind_https_hsts_is_sent(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_PUBLIC_URL="https://localhost")

    headers = system.visitor().http.get("/api/v1/consents").headers

    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.rule("SEC-8", "SEC-9")
def test_a_public_url_is_used_in_its_normal_form(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_PUBLIC_URL="HTTP://127.0.0.1:8000/")

    person = system.person()

    assert system.mail(person.email).link.startswith("http://127.0.0.1:8000/email/verify?")


def _with_cookie(system: System, token: str, method: str, **headers: str) -> httpx.Response:
    """Call like a browser with the portal's cookie."""
    cookie = {"Cookie": f"session={token}"}
    return httpx.request(
        method, f"{system.url}/api/v1/sessions", headers={**cookie, **headers}, timeout=30, verify=NO_TLS
    )


@pytest.mark.rule("SEC-8")
def test_a_change_by_cookie_must_come_from_our_own_pages(system: System) -> None:
    token = str(system.logged_in(system.person()).token)
    foreign = [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC_URL},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": f"{PUBLIC_URL}/page"},
        {"Origin": f"{PUBLIC_URL}@evil.example"},
        {},
    ]
    own = [{"Origin": PUBLIC_URL}, {"Origin": PUBLIC_URL.upper()}, {"Sec-Fetch-Site": "same-origin"}]

    refused = [_with_cookie(system, token, "DELETE", **headers) for headers in foreign]
    granted = [_with_cookie(system, token, "DELETE", **headers) for headers in own]
    read = _with_cookie(system, token, "GET", Origin="https://evil.example")

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (403, "foreign_origin")
    ] * len(foreign)
    assert [answer.status_code for answer in granted] == [204] * len(own)
    assert read.status_code == 200
    assert "Access-Control-Allow-Origin" not in read.headers


@pytest.mark.rule("SEC-8")
def test_no_page_redirects_to_another_site(system: System) -> None:
    browser = system.visitor().http
    paths = ["/email/verify?token=x&next=//evil.example", "//evil.example/email/verify", "/\\evil.example"]

    answers = [browser.get(f"{system.url}{path}") for path in paths]

    assert [answer.headers.get("Location", "") for answer in answers if answer.is_redirect] == []

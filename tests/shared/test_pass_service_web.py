"""The sample port service accepts only valid logout tokens (OIDC Back-Channel Logout 2.6) and shows a new company."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.examples.pass_service_web.app import create_app
from shared.examples.pass_service_web.logout_token import EVENT
from tests.support.actors.client_signatures import base64url
from tests.support.servers.lifecycle import serve_http

CLIENT, SID = "pass", "the login"
PATH = "/backchannel-logout"
ENDED = "您已被登出"
PERSON: dict[str, Any] = {
    "sub": "a", "username": "a", "rights": [], "company": {"name": "王小花的有限公司", "tax_id": "0"},
}  # fmt: skip
Key = ECKey | RSAKey | OctKey


class Provider(BaseHTTPRequestHandler):
    keys: list[Key]

    def do_GET(self) -> None:
        url = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]  # an attribute of HTTPServer
        discovery = {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        }
        key_set = {"keys": [key.as_dict(private=False) for key in self.keys]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(key_set if self.path == "/jwks" else discovery).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[str]:
    """The URL of a provider that serves discovery and keys."""
    Provider.keys = [new_key("first")]
    with serve_http(HTTPServer(("127.0.0.1", 0), Provider)) as url:
        yield url


def service(issuer: str, directory: Path) -> FlaskClient:
    for name in ("cookie_key", "client_secret"):
        (directory / name).write_text(name)
    app = create_app({
        "PASS_URL": "https://pass.example",
        "IDENTITY_URL": issuer,
        "PASS_CLIENT_ID": CLIENT,
        "PASS_CLIENT_SECRET_FILE": str(directory / "client_secret"),
        "PASS_COOKIE_KEY_FILE": str(directory / "cookie_key"),
        "PASS_DATABASE": str(directory / "logins.sqlite"),
    })  # fmt: skip
    return app.test_client()


@pytest.fixture
def browser(issuer: str, tmp_path: Path) -> FlaskClient:
    """A browser logged in at the service."""
    client = service(issuer, tmp_path)
    log_in(client)
    return client


def log_in(client: FlaskClient, sid: str = SID) -> None:
    with client.session_transaction(base_url="https://pass.example") as session:
        session["login"] = client.application.config["LOGINS"].add({**PERSON, "sid": sid})


def page(client: FlaskClient) -> str:
    return client.get("/", base_url="https://pass.example").text


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256"})


def sign(issuer: str, *, key: Key | None = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": CLIENT, "sub": "a", "sid": SID, "iat": now, "exp": now + 120, "jti": "j",
        "events": {EVENT: {}}, **changes,
    }  # fmt: skip
    used = key or Provider.keys[0]
    return jwt.encode(
        {"alg": "ES256", "typ": "logout+jwt", "kid": used.kid, **(header or {})},
        {name: value for name, value in claims.items() if value is not None},
        used,
        algorithms=["ES256", "HS256"],
    )


@pytest.mark.rule("OIDC-22")
def test_a_logout_token_ends_its_login(issuer: str, browser: FlaskClient) -> None:
    before = page(browser)

    others = browser.post(PATH, data={"logout_token": sign(issuer, sid="another login")})
    between = page(browser)
    own = [browser.post(PATH, data={"logout_token": sign(issuer)}) for _ in range(2)]

    assert [each.status_code for each in (others, *own)] == [200, 200, 200]
    assert own[0].headers["Cache-Control"] == "no-store"
    assert [ENDED in each for each in (before, between, page(browser))] == [False, False, True]


def test_a_logout_that_arrives_before_its_login_ends_the_login_too(issuer: str, browser: FlaskClient) -> None:
    browser.post(PATH, data={"logout_token": sign(issuer, sid="late")})

    log_in(browser, "late")

    assert ENDED in page(browser)


def test_a_new_key_is_fetched(issuer: str, browser: FlaskClient) -> None:
    browser.post(PATH, data={"logout_token": sign(issuer, sid="another login")})

    Provider.keys = [new_key("second"), *Provider.keys]

    assert browser.post(PATH, data={"logout_token": sign(issuer)}).status_code == 200
    assert ENDED in page(browser)


NOW = int(time.time())
BAD: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://other.example"},
    "another client": {"aud": "other"},
    "no client": {"aud": None},
    "no time": {"iat": None},
    "from the future": {"iat": NOW + 3_600},
    "no end": {"exp": None},
    "expired": {"exp": NOW - 3_600},
    "no id": {"jti": None},
    "id is not a string": {"jti": 7},
    "no session": {"sid": None},
    "session is not a string": {"sid": ["the login"]},
    "no event": {"events": None},
    "another event": {"events": {"https://other.example": {}}},
    "event is not an object": {"events": {EVENT: "yes"}},
    "events are a list": {"events": [EVENT]},
    "a nonce": {"nonce": "n"},
    "an ID token": {"header": {"typ": "JWT"}},
    "another provider's key": {"key": new_key("first")},
    "an unknown key": {"key": new_key("unknown")},
    "a secret as the key": {"header": {"alg": "HS256", "kid": "first"}, "key": OctKey.generate_key(256)},
}


@pytest.mark.parametrize("fault", BAD)
def test_any_other_token_ends_no_login(issuer: str, browser: FlaskClient, fault: str) -> None:
    answer = browser.post(PATH, data={"logout_token": sign(issuer, **BAD[fault])})

    assert (answer.status_code, answer.get_json()) == (400, {"error": "invalid_request"})
    assert ENDED not in page(browser)


def test_an_unsigned_token_ends_no_login(issuer: str, browser: FlaskClient) -> None:
    claims = sign(issuer).split(".")[1]
    header = base64url(json.dumps({"alg": "none", "typ": "logout+jwt", "kid": "first"}).encode())

    answer = browser.post(PATH, data={"logout_token": f"{header}.{claims}."})

    assert answer.status_code == 400
    assert ENDED not in page(browser)


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "é.é.é", "e30.e30.", "W10.W10.W10", "e30.e30.e30", "." * 999]
)
def test_a_malformed_token_is_refused(browser: FlaskClient, token: str) -> None:
    assert browser.post(PATH, data={"logout_token": token}).status_code == 400
    assert browser.post(PATH).status_code == 400


def test_the_service_answers_503_while_identitys_keys_cannot_be_fetched(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:1"

    answer = service(nobody, tmp_path).post(PATH, data={"logout_token": "any"})

    assert answer.status_code == 503
    assert "暫時無法登入" in answer.text


@pytest.mark.parametrize(
    ("changes", "ended", "is_shown"),
    [
        ({}, False, True),
        ({"sub": "c", "act": {"sub": "a"}}, False, True),
        ({"sub": "c"}, False, False),
        ({"sub": "a", "act": {"sub": "c"}}, False, False),
        ({}, True, False),
    ],
)
def test_a_change_of_the_company_is_shown_once_to_a_person_who_was_logged_in(
    browser: FlaskClient, changes: dict[str, Any], *, ended: bool, is_shown: bool
) -> None:
    person = {
        **PERSON,
        "active": True,
        "sid": "next",
        "company": {"name": "海運公司", "tax_id": "1"},
        **changes,
    }
    client = MagicMock(**{"post.return_value.json.return_value": person})
    client.authorize_access_token.return_value = {"access_token": "t", "id_token": "i"}
    client.userinfo.return_value = {"name": "王小花"}
    browser.application.config["IDENTITY"] = client
    if ended:
        browser.application.config["LOGINS"].end(SID)

    browser.get("/callback", base_url="https://pass.example")

    note = "代表公司已由「王小花的有限公司」改為「海運公司」"
    assert [note in page(browser) for _ in range(2)] == [is_shown, False]
    assert ENDED not in page(browser)


def test_the_cookie_is_secure_and_no_answer_may_be_cached_or_framed(browser: FlaskClient) -> None:
    answer = browser.get("/login", base_url="https://pass.example", query_string={"to": "print"})

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-pass-demo=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]

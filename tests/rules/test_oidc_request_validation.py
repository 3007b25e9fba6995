"""Which authorization requests are accepted, and the error of each refused one (OIDC-1, OIDC-2, OIDC-3, OIDC-10)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from identity.domain.authorization_parameters import MAX_BYTES

from tests.support.actors.authorization_browser import CHALLENGE, ServiceBrowser, query
from tests.support.actors.oidc_clients import REDIRECT_URI, register_oidc_client
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System

Primitive = str | int | float | bool | None
Pairs = list[tuple[str, Primitive]]
Change = Callable[[Pairs], Pairs]
NO_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
RESOURCE = "https://api.pass.example/"


def claims(**places: Any) -> dict[str, str | None]:
    return {"claims": json.dumps(places)}


REFUSED: dict[str, tuple[dict[str, str | None], str]] = {
    "no response_type": ({"response_type": None}, "invalid_request"),
    "empty response_type": ({"response_type": ""}, "invalid_request"),
    "implicit": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "form_post": ({"response_mode": "form_post"}, "invalid_request"),
    "no PKCE": (NO_PKCE, "invalid_request"),
    "no PKCE but a nonce": (NO_PKCE | {"nonce": "n"}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "plain by default": ({"code_challenge_method": None}, "invalid_request"),
    "method alone": ({"code_challenge": None}, "invalid_request"),
    "short challenge": ({"code_challenge": CHALLENGE[1:]}, "invalid_request"),
    "no base64url": ({"code_challenge": "+" * 43}, "invalid_request"),
    "no scope": ({"scope": None}, "invalid_scope"),
    "no openid": ({"scope": "profile"}, "invalid_scope"),
    "unregistered scope": ({"scope": "openid email"}, "invalid_scope"),
    "unknown resource": ({"resource": "https://other.example/"}, "invalid_target"),
    "unknown prompt": ({"prompt": "create"}, "invalid_request"),
    "none and more": ({"prompt": "none login"}, "invalid_request"),
    "negative max_age": ({"max_age": "-1"}, "invalid_request"),
    "no max_age": ({"max_age": "1.5"}, "invalid_request"),
    "endless max_age": ({"max_age": "9" * 30}, "invalid_request"),
    "foreign digits": ({"max_age": "１２"}, "invalid_request"),
    "request object": ({"request": "a.b.c"}, "request_not_supported"),
    "request_uri": ({"request_uri": "https://pass.example/r"}, "request_uri_not_supported"),
    "registration": ({"registration": "{}"}, "registration_not_supported"),
    "long nonce": ({"nonce": "n" * 501}, "invalid_request"),
    "no thumbprint": ({"dpop_jkt": "x"}, "invalid_request"),
    "foreign id_token_hint": ({"id_token_hint": "a.b.c"}, "invalid_request"),
    "claims is not JSON": ({"claims": "{"}, "invalid_request"),
    "claims is not an object": ({"claims": "[]"}, "invalid_request"),
    "claims in a claim": ({"claims": '{"id_token": {"name": 1}}'}, "invalid_request"),
    "claims with a repeated name": ({"claims": '{"id_token": {}, "id_token": {}}'}, "invalid_request"),
    "claims without a number": ({"claims": '{"id_token": {"sub": {"value": NaN}}}'}, "invalid_request"),
    "claims with an endless number": (
        {"claims": '{"id_token": {"sub": {"value": 1e999}}}'},
        "invalid_request",
    ),
    "claims too deep": ({"claims": '{"id_token":' * 9 + "1" + "}" * 9}, "invalid_request"),
    "claims far too deep": ({"claims": "[" * 2500}, "invalid_request"),
    "essential is not a boolean": (claims(id_token={"name": {"essential": "yes"}}), "invalid_request"),
    "values is not a list": (claims(id_token={"name": {"values": "a"}}), "invalid_request"),
    "an unknown acr": (
        claims(id_token={"acr": {"essential": True, "values": ["urn:mace:incommon:iap:silver"]}}),
        "unmet_authentication_requirements",
    ),
}
ACCEPTED: dict[str, dict[str, str | None]] = {
    "the least": {},
    "response_mode": {"response_mode": "query"},
    "locales and display": {"ui_locales": "fr de", "display": "popup", "claims_locales": "xx"},
    "an unknown parameter": {"unknown": "x"},
    "an empty parameter": {"prompt": "", "max_age": ""},
    "a resource": {"resource": RESOURCE},
    "a scope twice": {"scope": " profile  openid openid "},
    "another order": {"scope": "profile openid"},
    "scopes that are not offered": {"scope": "openid address offline_access"},
    "acr_values": {"acr_values": "1 2"},
    "a voluntary acr": claims(id_token={"acr": {"values": ["1"]}}),
    "essential claims": claims(userinfo={"name": {"essential": True}, "x": None}, id_token={"email": None}),
    "claims with half a character": {"claims": '{"id_token": {"name": {"value": "\\ud800 \\u0000"}}}'},
    "unknown members": claims(other={}, id_token={"name": {"other": 1, "value": 3}}),
}
UNPROVEN: dict[str, Change] = {
    "no client": lambda pairs: [pair for pair in pairs if pair[0] != "client_id"],
    "unknown client": lambda pairs: _with(pairs, client_id="nobody"),
    "impossible client": lambda pairs: _with(pairs, client_id="x" * 500),
    "two clients": lambda pairs: [*pairs, ("client_id", "nobody")],
    "no redirect_uri": lambda pairs: [pair for pair in pairs if pair[0] != "redirect_uri"],
    "two redirect_uris": lambda pairs: [*pairs, ("redirect_uri", REDIRECT_URI)],
    "another host": lambda pairs: _with(pairs, redirect_uri="https://evil.example/callback"),
    "another case": lambda pairs: _with(pairs, redirect_uri="https://PASS.example/callback"),
    "another path": lambda pairs: _with(pairs, redirect_uri=f"{REDIRECT_URI}/"),
    "a query": lambda pairs: _with(pairs, redirect_uri=f"{REDIRECT_URI}?x=1"),
    "a fragment": lambda pairs: _with(pairs, redirect_uri=f"{REDIRECT_URI}#x"),
    "a user": lambda pairs: _with(pairs, redirect_uri="https://pass.example@evil.example/callback"),
    "too long": lambda pairs: [*pairs, ("x", "x" * MAX_BYTES)],
    "too many": lambda pairs: [*pairs, *((f"x{number}", "1") for number in range(200))],
}
UNREADABLE = [
    "%",
    "%zz",
    "x=%ff",
    "x=%00",
    "x=%0d%0a",
    "x=%ed%a0%80",
]


def _with(pairs: Pairs, **changes: str) -> Pairs:
    return list((dict(pairs) | changes).items())


def refused_page(answer: httpx.Response) -> tuple[int, bool]:
    """Return the status, and whether the answer redirects the browser."""
    return answer.status_code, "Location" in answer.headers or "Refresh" in answer.headers


@pytest.fixture
def client(system: System) -> str:
    register_oidc_client(system, resources=["https://unreached.example/"], redirect_uris=[])
    return register_oidc_client(system, scopes=["openid", "profile"], resources=[RESOURCE]).name


@pytest.mark.rule("OIDC-1", "OIDC-3", "OIDC-10")
def test_each_refused_request_gets_its_error(system: System, client: str) -> None:
    browser = ServiceBrowser(system)

    answers = {name: browser.authorize(client, **changes).answer for name, (changes, _) in REFUSED.items()}

    assert {name: answer.get("error") for name, answer in answers.items()} == {
        name: error for name, (_, error) in REFUSED.items()
    }
    issuer = system.ports.rules.public_url
    assert {(answer["state"], answer["iss"]) for answer in answers.values()} == {("a state", issuer)}
    assert all(answer["error_description"].isascii() for answer in answers.values())
    assert system.rows("SELECT 1 FROM authorization_requests") == []


@pytest.mark.rule("OIDC-1", "OIDC-3", "OIDC-10")
def test_requests_that_the_specifications_allow_are_accepted(system: System, client: str) -> None:
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    outcomes = {name: browser.authorize(client, **changes).outcome for name, changes in ACCEPTED.items()}

    assert outcomes == dict.fromkeys(ACCEPTED, "code")


@pytest.mark.rule("OIDC-2", "OIDC-3")
def test_no_request_is_redirected_before_client_and_uri_are_verified(system: System, client: str) -> None:
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    pairs: Pairs = list(query(client).items())

    got = {
        name: browser.http.get("/oauth/authorize", params=change(pairs)) for name, change in UNPROVEN.items()
    }
    posted = [
        browser.http.post("/oauth/authorize", content=urlencode(change(pairs)), follow_redirects=True)
        for change in UNPROVEN.values()
    ]

    assert {name: refused_page(answer) for name, answer in got.items()} == dict.fromkeys(
        UNPROVEN, (400, False)
    )
    assert {answer.status_code for answer in posted} == {400}
    assert normalize("「通行證系統」傳來的登入要求不正確") in normalize(got["another host"].text)
    assert 'href="https://pass.example/"' in got["another host"].text
    assert "evil" not in got["another host"].text


@pytest.mark.rule("OIDC-3")
def test_a_request_by_post_has_the_same_length_limit_as_by_get(system: System, client: str) -> None:
    body = f"{urlencode(query(client))}&state2={'/' * (MAX_BYTES // 2)}"

    answer = system.visitor().http.post("/oauth/authorize", content=body)

    assert refused_page(answer) == (400, False)


@pytest.mark.rule("OIDC-3")
@pytest.mark.parametrize("broken", UNREADABLE)
def test_malformed_requests_are_refused(system: System, client: str, broken: str) -> None:
    browser = system.visitor().http
    whole = f"{urlencode(query(client))}&{broken}"

    answers = [
        browser.get(httpx.URL(system.url, path="/oauth/authorize", query=whole.encode())),
        browser.post("/oauth/authorize", content=whole.encode()),
    ]

    assert [refused_page(answer) for answer in answers] == [(400, False)] * 2


@pytest.mark.rule("OIDC-3")
@pytest.mark.parametrize("name", ["state", "scope", "nonce", "prompt", "claims", "unknown"])
def test_a_repeated_parameter_is_refused(system: System, client: str, name: str) -> None:
    pairs: Pairs = [*query(client).items(), (name, "openid"), (name, "openid")]
    browser = ServiceBrowser(system)

    answer = browser.follow(browser.http.get("/oauth/authorize", params=pairs)).answer

    assert answer["error"] == "invalid_request"
    assert ("state" in answer) == (name != "state")


@pytest.mark.rule("OIDC-1")
def test_a_confidential_client_registered_without_pkce_may_omit_it(system: System) -> None:
    client = register_oidc_client(system, requires_pkce=False).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    outcomes = [
        browser.authorize(client, **NO_PKCE, nonce="n").outcome,
        browser.authorize(client, **NO_PKCE).outcome,
        browser.authorize(client, code_challenge_method=None, nonce="n").outcome,
        browser.authorize(client).outcome,
    ]

    assert outcomes == ["code", "code", "invalid_request", "code"]


@pytest.mark.rule("OIDC-2")
def test_a_public_client_may_use_any_port_of_loopback(system: System) -> None:
    uri, other = "http://127.0.0.1/callback?x=1", "http://127.0.0.1:49152/callback?x=1"
    public = register_oidc_client(system, auth="none", redirect_uris=[uri]).name
    confidential = register_oidc_client(system, redirect_uris=[uri]).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))

    answer = browser.authorize(public, redirect_uri=other)

    assert answer.response.headers["Location"].startswith(f"{other}&code=")
    assert browser.authorize(confidential, redirect_uri=other).outcome == "400"


@pytest.mark.rule("OIDC-3")
def test_a_resource_must_be_the_clients_own_or_within_its_reach(system: System) -> None:
    reached = register_oidc_client(system, resources=["https://reached.example/"], redirect_uris=[]).name
    client = register_oidc_client(system, resources=[RESOURCE], may_reach=[reached]).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    pairs: Pairs = [*query(client).items(), ("resource", RESOURCE), ("resource", "https://reached.example/")]

    browser.http.get("/oauth/authorize", params=pairs)

    assert [json.loads(resources) for (resources,) in _resources(system)] == [
        [RESOURCE, "https://reached.example/"]
    ]


def _resources(system: System) -> list[Any]:
    return system.rows("SELECT CAST(resources AS TEXT) FROM grants")


@pytest.mark.rule("OIDC-10")
def test_a_grant_keeps_the_claims_that_its_scopes_allow(system: System, client: str) -> None:
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    requested_claims = {"name": {"essential": True}, "email": None, "acr": None, "unknown": None}

    browser.authorize(
        client, **claims(id_token=requested_claims, userinfo={"name": None}), scope="openid profile"
    )
    browser.authorize(client)

    stored = system.rows("SELECT CAST(claims AS TEXT), acr FROM grants ORDER BY acr IS NULL")
    assert [(json.loads(each), acr) for each, acr in stored] == [
        (
            {"id_token": {"name": {"essential": True}, "acr": None}, "userinfo": {"name": None}},
            "urn:tw:port:identity:acr:password",
        ),
        ({}, None),
    ]

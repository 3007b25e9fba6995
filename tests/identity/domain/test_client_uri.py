"""The URIs of clients (OIDC-2, OIDC-25)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from identity.domain.client_uri import (
    parse_backchannel_uri,
    parse_redirect_uri,
    parse_resource,
    without_loopback_port,
)
from identity.domain.errors import InvalidValue
from identity.domain.oidc_client import OidcClient

APP = "com.example.app:/callback"


def client(*redirect_uris: str, **options: Any) -> OidcClient:
    return OidcClient(
        name="pass",
        display_name="通行證系統",
        redirect_uris=list(redirect_uris),
        scopes=["openid"],
        accepts=["general"],
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        **options,
    )


def case_of(raw: str, *, is_public: bool = False) -> str:
    with pytest.raises(InvalidValue) as error:
        parse_redirect_uri(raw, is_public=is_public)
    return error.value.case or error.value.code


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize(
    "uri",
    [
        "https://pass.example",
        "https://pass.example:8443/callback?tenant=a%20b&x=1",
        "https://[2001:db8::1]/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:3000/cb",
        "http://localhost:8080/",
    ],
)
def test_https_and_http_on_loopback_are_accepted_as_typed(uri: str) -> None:
    assert parse_redirect_uri(uri, is_public=False) == uri
    assert parse_resource(uri) == uri


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize(
    ("uri", "case"),
    [
        ("http://pass.example/cb", "not_https"),
        ("http://127.0.0.1.pass.example/cb", "not_https"),
        ("http://127.0.0.2/cb", "not_https"),
        ("ftp://pass.example/cb", "not_https"),
        ("/callback", "invalid_uri"),
        ("pass.example/cb", "invalid_uri"),
        ("", "invalid_uri"),
        ("https:///cb", "invalid_uri"),
        ("https:cb", "invalid_uri"),
        ("HTTPS://pass.example/cb", "invalid_uri"),
        ("https://pass.example/cb#here", "fragment"),
        ("https://pass.example/cb#", "fragment"),
        ("https://user@pass.example/cb", "userinfo"),
        ("https://user:word@pass.example/cb", "userinfo"),
        ("http://127.0.0.1:80@evil.example/cb", "userinfo"),
        ("https://*.pass.example/cb", "wildcard"),
        ("https://pass.example/*", "wildcard"),
        ("https://pass.example:/cb", "invalid_uri"),
        ("https://pass.example:port/cb", "invalid_uri"),
        ("https://pass.example:65536/cb", "invalid_uri"),
        ("https://[::1/cb", "invalid_uri"),
        ("https://pass.example;script-src/cb", "invalid_uri"),
        ("https://pass.example/c b", "invalid_uri"),
        ("https://pass.example/cb\n", "invalid_uri"),
        (" https://pass.example/cb", "invalid_uri"),
        ("https://pass.example/%zz", "invalid_uri"),
        ("https://pass.example\\@evil.example/", "invalid_uri"),
        ("https://通行證.example/cb", "invalid_uri"),
        (f"https://pass.example/{'x' * 1000}", "too_long"),
    ],
)
def test_any_other_redirect_uri_is_refused(uri: str, case: str) -> None:
    assert case_of(uri) == case


@pytest.mark.rule("OIDC-2")
def test_a_private_use_scheme_is_for_public_clients() -> None:
    assert parse_redirect_uri(APP, is_public=True) == APP
    assert case_of(APP) == "not_https"


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:/alert(1)",
        "myapp:/cb",
        "com.example.app://cb",
        "com.example.app://host/cb",
        "com.example.app:cb",
        "com..app:/cb",
        "data:text/html,x",
    ],
)
def test_a_private_use_scheme_is_a_reversed_domain_name_with_a_path(uri: str) -> None:
    assert case_of(uri, is_public=True) == "private_scheme"


@pytest.mark.rule("OIDC-25")
def test_logouts_are_sent_over_http_only_outside_production() -> None:
    uri = "http://pass:8080/logout?of=identity"

    assert parse_backchannel_uri(uri, https_only=False) == uri
    with pytest.raises(InvalidValue, match="invalid_uri"):
        parse_backchannel_uri(uri, https_only=True)
    with pytest.raises(InvalidValue, match="invalid_uri"):
        parse_backchannel_uri("https://pass.example/logout#x", https_only=True)


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize(
    "uri",
    [
        "https://pass.example/cb?",
        "https://pass.example/cb/",
        "https://PASS.example/cb",
        "https://pass.example:443/cb",
        "https://pass.example/cb?x=1",
        "https://pass.example/%63b",
        "https://pass.example/x/../cb",
        "",
    ],
)
def test_redirect_uris_are_compared_as_strings(uri: str) -> None:
    registered = client("https://pass.example/cb")

    assert registered.accepts_redirect_uri("https://pass.example/cb")
    assert not registered.accepts_redirect_uri(uri)


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_public_client_may_use_any_port_on_loopback(host: str) -> None:
    registered = client(f"http://{host}:4000/cb?x=1", auth="none")

    assert registered.accepts_redirect_uri(f"http://{host}:51234/cb?x=1")
    assert registered.accepts_redirect_uri(f"http://{host}/cb?x=1")
    assert not client(f"http://{host}:4000/cb?x=1").accepts_redirect_uri(f"http://{host}:51234/cb?x=1")


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:1/other",
        "http://127.0.0.1:1/cb?x=1",
        "http://127.0.0.1:1/cb#x",
        "http://127.0.0.1:1/cb\n",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:\uff11/cb",
        "http://localhost:1/cb",
        "https://127.0.0.1:1/cb",
        "HTTP://127.0.0.1:1/cb",
        "https://pass.example:1/cb",
    ],
)
def test_only_the_port_may_differ(uri: str) -> None:
    registered = client("http://127.0.0.1/cb", "https://pass.example/cb", auth="none")

    assert not registered.accepts_redirect_uri(uri)


@pytest.mark.rule("OIDC-2")
@pytest.mark.parametrize(
    "uri", ["http://localhost.evil.example/cb", "http://127.0.0.10/cb", "http://localhost:1@evil.example/cb"]
)
def test_a_name_that_begins_like_loopback_is_not_loopback(uri: str) -> None:
    assert without_loopback_port(uri) is None

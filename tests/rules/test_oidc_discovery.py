"""Discovery and JWKS: content, headers, and availability without a database (OIDC-27)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from identity.adapters.jose.signing_keys import new_signing_keys
from identity.domain.oidc_scopes import SCOPES
from identity.metrics.web import WEB
from identity.processes.web_server.flask_app import create_app
from identity.settings.web import WebSettings
from joserfc import jwt
from joserfc.jwk import KeySet
from port_events.keys import new_key_sets
from port_runtime.metrics import Instruments
from port_runtime.settings import load
from structlog.testing import capture_logs

from tests.support.harness.settings import PUBLIC_URL, identity_settings, oidc_keys
from tests.support.harness.system import System

DISCOVERY = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"
JWKS = "/.well-known/jwks.json"
NOWHERE = "postgresql+psycopg://identity:x@127.0.0.1:1/identity"


def _get(system: System, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{system.url}{path}", headers=headers, trust_env=False)


@pytest.mark.rule("OIDC-27")
def test_discovery_lists_the_features_of_the_provider(system: System) -> None:
    metadata = _get(system, DISCOVERY).json()

    assert metadata == _get(system, OAUTH).json()
    assert metadata["issuer"] == PUBLIC_URL
    assert metadata["jwks_uri"] == f"{PUBLIC_URL}{JWKS}"
    assert metadata["scopes_supported"] == list(SCOPES)
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert metadata["dpop_signing_alg_values_supported"] == ["ES256", "PS256"]
    assert (metadata["request_parameter_supported"], metadata["request_uri_parameter_supported"]) == (
        False,
        False,
    )
    authenticated = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert metadata["introspection_endpoint_auth_methods_supported"] == authenticated
    assert metadata["token_endpoint_auth_methods_supported"] == [*authenticated, "none"]


@pytest.mark.rule("OIDC-27")
@pytest.mark.parametrize("path", [DISCOVERY, OAUTH, JWKS])
def test_the_documents_may_be_cached_and_read_by_scripts_and_set_no_cookie(system: System, path: str) -> None:
    answer = _get(system, path, Cookie="session=x", Origin="https://app.example.tw")

    headers = answer.headers
    assert (answer.status_code, headers["Content-Type"]) == (200, "application/json")
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert [
        name for name in ("Set-Cookie", "Vary", "Access-Control-Allow-Credentials") if name in headers
    ] == []


@pytest.mark.rule("OIDC-27")
@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
def test_a_client_with_the_current_document_gets_304(system: System, path: str) -> None:
    first = _get(system, path)
    tag = first.headers["ETag"]

    again = [
        _get(system, path, **{"If-None-Match": value}) for value in (tag, f'"x", {tag}', "*", f"W/{tag}")
    ]
    other = _get(system, path, **{"If-None-Match": '"x"'})

    assert not tag.startswith("W/")
    assert [(answer.status_code, answer.content, answer.headers["ETag"]) for answer in again] == [
        (304, b"", tag)
    ] * 4
    assert (other.status_code, other.content) == (200, first.content)
    assert all(answer.headers["Cache-Control"] == "public, max-age=300" for answer in again)


@pytest.mark.rule("OIDC-27", "SEC-8")
@pytest.mark.parametrize("path", [DISCOVERY, JWKS])
def test_flasks_answers_have_the_same_headers(path: str) -> None:
    client = create_app(load(WebSettings, _environment(NOWHERE))).test_client()

    tag = client.get(path).headers["ETag"]
    pairs = [
        (client.get(path, headers=each), client.head(path, headers=each))
        for each in ({}, {"If-None-Match": tag})
    ]

    own = {"X-Request-ID", "Vary", "Content-Type"}
    for short, by_flask in pairs:
        assert short.status_code == by_flask.status_code
        assert {it for it in short.headers if it[0] not in own} == {
            it for it in by_flask.headers if it[0] not in own
        }
    assert (client.post(path).status_code, client.get(f"{path}/").status_code) == (405, 404)


@pytest.mark.rule("OIDC-27", "OPS-4")
def test_requests_for_the_documents_are_logged_and_counted() -> None:
    instruments = Instruments(WEB)
    client = create_app(load(WebSettings, _environment(NOWHERE)), instruments=instruments).test_client()

    with capture_logs() as lines:
        identifiers = [client.get(JWKS).headers["X-Request-ID"] for _ in range(2)]

    labels = {"method": "GET", "route": JWKS, "status": "2xx"}
    counted = instruments.registry().get_sample_value("identity_http_requests_total", labels)
    assert [(line["route"], line["status"], line["request_id"]) for line in lines] == [
        (JWKS, 200, identifier) for identifier in identifiers
    ]
    assert (counted, len(set(identifiers))) == (2, 2)


@pytest.mark.rule("OIDC-27")
def test_the_documents_need_no_database() -> None:
    app = create_app(load(WebSettings, _environment(NOWHERE)))

    answers = [app.test_client().get(path) for path in (DISCOVERY, OAUTH, JWKS)]

    assert [answer.status_code for answer in answers] == [200] * 3


@pytest.mark.rule("OIDC-26")
def test_jwks_has_a_new_key_at_once_and_verifies_older_and_newer_tokens(system: System) -> None:
    clock = system.clock
    rotated = new_signing_keys(clock.now(), starts_in=timedelta(hours=1), former=oidc_keys())
    settings = load(WebSettings, {**system.environment, "IDENTITY_OIDC_KEYS": rotated})
    before, after = system.app, create_app(settings, clock=clock)

    published = after.test_client().get(JWKS).json
    tokens = [_signed(before), _signed(after)]
    clock.advance(hours=1)
    tokens.append(_signed(after))

    assert published is not None
    assert not [key for key in published["keys"] if {"d", "p", "q", "nbf"} & key.keys()]
    verified = [jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]) for token in tokens]
    kids = [token.header["kid"] for token in verified]
    new, _, old, _ = (key["kid"] for key in published["keys"])
    assert kids == [old, old, new]


def _signed(app: Any) -> str:
    claims = {"iss": PUBLIC_URL}
    return str(app.extensions["identity"].ports.signer.sign(claims, token_type="JWT", algorithm="RS256"))


def _environment(database_url: str) -> dict[str, str]:
    return identity_settings(new_key_sets(), database_url=database_url, redis_url="redis://127.0.0.1:1/0")

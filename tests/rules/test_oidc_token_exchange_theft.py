"""Limits of token exchange that protect against stolen tokens (OIDC-17, OIDC-19)."""

from typing import Any

import pytest
from httpx import Response

from tests.support.actors.client_signatures import dpop, ec_key
from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_token, open_grant, register_oidc_client
from tests.support.actors.people import unique
from tests.support.actors.service_clients import Service
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ACCOUNT = "urn:tw:port:identity:token-type:account"


def ask(system: System, name: str, *, key: str | None = None, **parameters: Any) -> Response:
    """Exchange as a public client; with a `key`, send a proof by the key of this name."""
    now = system.clock.now().timestamp()
    claims = {"htm": "POST", "htu": f"{PUBLIC_URL}/oauth/token", "iat": now, "jti": unique()}
    headers = {"DPoP": dpop(claims, ec_key(key))} if key is not None else {}
    sent = {"subject_token_type": ACCESS_TOKEN, **parameters}
    return OAuthCaller(system, Service(name, "")).post("/oauth/token", headers, grant_type=EXCHANGE, **sent)


@pytest.mark.rule("OIDC-17", "OIDC-19")
def test_a_client_exchanges_its_own_bound_token_only_with_its_key(system: System) -> None:
    target = register_oidc_client(system).name
    public = register_oidc_client(system, auth="none", may_reach=[target]).name
    grant = open_grant(system, public, system.person())
    token = issue_token(system, grant, public, jkt=ec_key("own").thumbprint())

    answers = [
        ask(system, public, key=key, subject_token=token, audience=target) for key in (None, "thief", "own")
    ]

    assert [(each.status_code, each.json().get("error")) for each in answers] == [
        (400, "invalid_request"), (400, "invalid_request"), (200, None),
    ]  # fmt: skip


@pytest.mark.rule("OIDC-19")
def test_a_public_client_cannot_exchange_a_token_of_another_client(system: System) -> None:
    target, sender = register_oidc_client(system).name, register_oidc_client(system).name
    public = register_oidc_client(system, auth="none", may_reach=[target]).name
    grant = open_grant(system, sender, system.person())
    token = issue_token(system, grant, sender, audience=[sender, public])

    answer = ask(system, public, subject_token=token, audience=target)

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@pytest.mark.rule("OIDC-16", "OIDC-19")
@pytest.mark.parametrize("key", [None, "own"])
def test_a_public_client_without_a_key_gets_no_refresh_token_for_a_company(
    system: System, key: str | None
) -> None:
    link, general = system.person("link"), system.person()
    public = register_oidc_client(system, auth="none", accepts=["general", "link"], may_refresh=True).name
    token = issue_token(system, open_grant(system, public, link), public)
    system.bind_and_verify(system.logged_in(link), general)

    answer = ask(
        system,
        public,
        key=key,
        subject_token=general.id,
        subject_token_type=ACCOUNT,
        actor_token=token,
        actor_token_type=ACCESS_TOKEN,
    )

    assert (answer.status_code, "refresh_token" in answer.json()) == (200, key is not None)

"""The token endpoint (RFC 6749 section 3.2)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, jsonify

from identity.domain.oauth_errors import InvalidRequest, UnsupportedGrantType
from identity.domain.oidc_client import OidcClient
from identity.domain.token_request import CodeRequest, RefreshRequest
from identity.http.oauth.client_auth import client_ports, require_client
from identity.http.oauth.dpop import dpop_key
from identity.http.oauth.error_responses import oauth_blueprint
from identity.http.oauth.form import Form, read_form
from identity.http.web_context import ports
from identity.usecases.authorization_code_redemption import redeem
from identity.usecases.ports import Ports
from identity.usecases.steps.token_issuance import Tokens
from identity.usecases.token_exchange import exchange
from identity.usecases.token_exchange.request import ACCESS_TOKEN, ExchangeRequest
from identity.usecases.token_refresh import refresh

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  # the name of a grant type
_REPEATABLE = frozenset({"audience", "resource"})

blueprint = oauth_blueprint("token")


@blueprint.post("/token")
def issue() -> Response:
    form = read_form(repeatable=_REPEATABLE)
    client = require_client(form)
    grant_type = form.require("grant_type")
    if grant_type not in GRANT_TYPES:
        raise UnsupportedGrantType
    tokens = GRANT_TYPES[grant_type](client_ports(client), client.oidc, form)
    ports().oauth_meter.issued(grant_type.rpartition(":")[2])
    issued_type = {"issued_token_type": ACCESS_TOKEN} if grant_type == TOKEN_EXCHANGE else {}
    return tokens_response(tokens, **issued_type)


def tokens_response(tokens: Tokens, **more: str) -> Response:
    """Return the response of RFC 6749 section 5.1; an exchange adds `more` (RFC 8693 section 2.2.1)."""
    access = tokens.access.token
    body: dict[str, Any] = {
        "access_token": tokens.access.value,
        "token_type": "DPoP" if access.jkt else "Bearer",
        "expires_in": int((access.expires_at - access.issued_at).total_seconds()),
        "scope": " ".join(access.scopes),
        **more,
    }
    if tokens.refresh is not None:
        body["refresh_token"] = tokens.refresh.value
    if tokens.id_token is not None:
        body["id_token"] = tokens.id_token
    response = jsonify(body)
    response.headers["Pragma"] = "no-cache"
    return response


def _redeem(ports: Ports, client: OidcClient, form: Form) -> Tokens:
    code_request = CodeRequest(
        code=form.require("code"),
        redirect_uri=form.get("redirect_uri"),
        verifier=form.get("code_verifier"),
        resources=form.getlist("resource"),
        jkt=dpop_key(),
    )
    return redeem(ports, client, code_request)


def _refresh(ports: Ports, client: OidcClient, form: Form) -> Tokens:
    refresh_request = RefreshRequest(
        refresh_token=form.require("refresh_token"),
        scopes=form.get("scope", "").split(),
        resources=form.getlist("resource"),
        jkt=dpop_key(),
    )
    return refresh(ports, client, refresh_request)


def _exchange(ports: Ports, client: OidcClient, form: Form) -> Tokens:
    if form.get("requested_token_type") not in {None, ACCESS_TOKEN}:
        raise InvalidRequest("requested_token_type is not supported")
    exchange_request = ExchangeRequest(
        subject=form.require("subject_token"),
        subject_type=form.require("subject_token_type"),
        actor=form.get("actor_token"),
        actor_type=form.get("actor_token_type"),
        audience=form.getlist("audience"),
        resources=form.getlist("resource"),
        scopes=form.get("scope", "").split(),
        jkt=dpop_key(),
    )
    return exchange(ports, client, exchange_request)


GRANT_TYPES: Final[Mapping[str, Callable[[Ports, OidcClient, Form], Tokens]]] = {
    "authorization_code": _redeem,
    "refresh_token": _refresh,
    TOKEN_EXCHANGE: _exchange,
}

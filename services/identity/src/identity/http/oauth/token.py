"""The token endpoint (RFC 6749 section 3.2)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, jsonify

from identity.domain.oauth_client import OidcClient
from identity.domain.oauth_errors import UnsupportedGrantType
from identity.http.oauth.client_auth import client_ports, require_client
from identity.http.oauth.dpop import dpop_key
from identity.http.oauth.errors import oauth_blueprint
from identity.http.oauth.form import Form, read_form
from identity.http.web_context import ports
from identity.usecases import token
from identity.usecases.ports import Ports
from identity.usecases.token import CodeRequest, RefreshRequest, Tokens

_REPEATABLE = frozenset({"resource"})

blueprint = oauth_blueprint("token")


@blueprint.post("/token")
def issue() -> Response:
    """Answer with tokens."""
    form = read_form(repeatable=_REPEATABLE)
    client = require_client(form)
    grant_type = form.require("grant_type")
    if grant_type not in GRANT_TYPES:
        raise UnsupportedGrantType
    tokens = GRANT_TYPES[grant_type](client_ports(client), client.oidc, form)
    ports().oauth_meter.issued(grant_type)
    return tokens_response(tokens)


def tokens_response(tokens: Tokens) -> Response:
    """Return the answer of RFC 6749 section 5.1."""
    access = tokens.access.token
    body: dict[str, Any] = {
        "access_token": tokens.access.value,
        "token_type": "DPoP" if access.jkt else "Bearer",
        "expires_in": int((access.expires_at - access.issued_at).total_seconds()),
        "scope": " ".join(access.scopes),
    }
    if tokens.refresh is not None:
        body["refresh_token"] = tokens.refresh.value
    if tokens.id_token is not None:
        body["id_token"] = tokens.id_token
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _redeem(ports: Ports, client: OidcClient, form: Form) -> Tokens:
    asked = CodeRequest(
        code=form.require("code"),
        redirect_uri=form.get("redirect_uri"),
        verifier=form.get("code_verifier"),
        resources=form.every("resource"),
        jkt=dpop_key(),
    )
    return token.redeem(ports, client, asked)


def _refresh(ports: Ports, client: OidcClient, form: Form) -> Tokens:
    asked = RefreshRequest(
        refresh_token=form.require("refresh_token"),
        scopes=(form.get("scope") or "").split(),
        resources=form.every("resource"),
        jkt=dpop_key(),
    )
    return token.refresh(ports, client, asked)


GRANT_TYPES: Final[Mapping[str, Callable[[Ports, OidcClient, Form], Tokens]]] = {
    "authorization_code": _redeem,
    "refresh_token": _refresh,
}

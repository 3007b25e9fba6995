"""The userinfo endpoint (OpenID Connect Core section 5.3, OIDC-20)."""

from flask import Response, jsonify, request

from identity.domain.errors import InvalidProof
from identity.domain.oauth_errors import InvalidRequest, InvalidResourceProof, InvalidToken
from identity.http.oauth.dpop import dpop_key
from identity.http.oauth.error_responses import oauth_blueprint
from identity.http.oauth.form import MEDIA_TYPE, read_form
from identity.http.web_context import ports
from identity.usecases.userinfo import token_of_client, userinfo

blueprint = oauth_blueprint("userinfo")


@blueprint.get("/userinfo")
@blueprint.post("/userinfo")
def answer() -> Response:
    """Return the claims that the token's scopes allow."""
    scheme, token = _credentials()
    active = token_of_client(ports(), token)  # first, so that proofs without a valid token are not stored
    return jsonify(userinfo(active, jkt=_proven_key(token) if scheme == "dpop" else None))


def _proven_key(token: str) -> str:
    """Return the thumbprint of the DPoP proof's key. Raises InvalidResourceProof, or InvalidToken without a proof."""
    try:
        jkt = dpop_key(access_token=token)
    except InvalidProof:
        raise InvalidResourceProof from None
    if jkt is None:
        raise InvalidToken
    return jkt


def _credentials() -> tuple[str, str]:
    """Return scheme and token of the header or form (RFC 6750 section 2). Raises InvalidRequest, InvalidToken."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    in_form = None
    if request.method == "POST" and request.mimetype == MEDIA_TYPE:
        in_form = read_form().get("access_token")
    if scheme and in_form is not None:
        raise InvalidRequest("the token is sent twice")
    if in_form is not None:
        return "bearer", in_form
    if scheme.lower() not in {"bearer", "dpop"} or not token:
        raise InvalidToken
    return scheme.lower(), token.strip()

"""Validates logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidHeaderValueError, InvalidKeyIdError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

EVENT = "http://schemas.openid.net/event/backchannel-logout"
REQUIRED = ("iss", "aud", "iat", "exp", "jti", "sid", "events")


def read_logout_token(token: str, client: Any) -> str:
    """Return `sid`; `client` is Authlib's. A repeated token is valid, since it ends nothing more. Raises JoseError."""
    metadata = client.load_server_metadata()
    try:
        decoded = _decode(token, client.fetch_jwk_set(), metadata)
    except InvalidKeyIdError:  # identity has a new key
        decoded = _decode(token, client.fetch_jwk_set(force=True), metadata)
    if str(decoded.header.get("typ")).lower() != "logout+jwt":
        raise InvalidHeaderValueError("typ")
    claims = decoded.claims
    expected = {"iss": metadata["issuer"], "aud": client.client_id}
    rules: Any = {name: {"essential": True, "value": expected.get(name)} for name in REQUIRED}
    JWTClaimsRegistry(leeway=60, **rules).validate(claims)
    events, sid = claims["events"], claims["sid"]
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict) or "nonce" in claims:
        raise InvalidClaimError("events")
    if not isinstance(sid, str):
        raise InvalidClaimError("sid")
    return sid


def _decode(token: str, keys: Any, metadata: dict[str, Any]) -> jwt.Token:
    algorithms = metadata["id_token_signing_alg_values_supported"]
    return jwt.decode(token, KeySet.import_key_set(keys), algorithms=algorithms)

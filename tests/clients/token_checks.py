"""Examples for services: introspect, verify and exchange access tokens, and validate logout tokens."""

from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry


# <example introspection>
def introspect(identity_url: str, token: str, *, name: str, secret: str) -> dict[str, Any]:
    """Ask identity about a token. The end of a login is visible at once."""
    answer = httpx.post(f"{identity_url}/oauth/introspect", data={"token": token}, auth=(name, secret))
    found: dict[str, Any] = answer.raise_for_status().json()
    return found  # {"active": False}, or person, company and scopes


# </example>


# <example exchange>
def token_for(identity_url: str, token: str, resource: str, *, name: str, secret: str) -> str:
    """Exchange the access token of a request for a token with which this service may call another service."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "resource": resource,  # exactly as the other service registered it
    }
    answer = httpx.post(f"{identity_url}/oauth/token", data=form, auth=(name, secret))
    return str(answer.raise_for_status().json()["access_token"])


# </example>


# <example jwks>
def fetch_keys(identity_url: str) -> KeySet:
    """Fetch the keys. Cache them for 5 minutes, and fetch them again for an unknown `kid`."""
    return KeySet.import_key_set(httpx.get(f"{identity_url}/.well-known/jwks.json").json())


def verify_access_token(token: str, keys: KeySet, *, identity_url: str, resource: str) -> dict[str, Any]:
    """Return the claims of a JWT for this service. Raises JoseError. The JWT may outlive its login by 5 minutes."""
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    _require(decoded, "at+jwt", iss=identity_url, aud=resource)
    return decoded.claims


def _require(token: jwt.Token, typ: str, **values: str) -> None:
    needed: Any = {name: {"essential": True, "value": value} for name, value in values.items()}
    JWTClaimsRegistry(exp={"essential": True}, **needed).validate(token.claims)
    if token.header.get("typ") != typ:
        raise InvalidClaimError("typ")


# </example>


# <example logout>
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


def read_logout_token(token: str, keys: KeySet, *, identity_url: str, client_id: str) -> str:
    """Return the `sid` of the ended login. Raises JoseError, to which the service answers 400."""
    decoded = jwt.decode(token, keys, algorithms=["RS256", "ES256"])
    _require(decoded, "logout+jwt", iss=identity_url, aud=client_id)
    claims = decoded.claims
    if LOGOUT not in claims.get("events", {}) or "nonce" in claims:
        raise InvalidClaimError("events")
    return str(claims["sid"])


# </example>

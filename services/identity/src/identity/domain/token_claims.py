"""The claims of ID tokens (OIDC-13) and of JWT access tokens (OIDC-15)."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime
from typing import Any

from identity.domain.grant import ID_TOKEN_LIFETIME, ActiveGrant, Token
from identity.domain.oidc_scopes import claims_of
from identity.domain.person_claims import act_claim, person_claims

Claims = dict[str, Any]


def id_token_claims(
    active: ActiveGrant, scopes: Collection[str], *, access_token: str, nonce: str | None, now: datetime
) -> Claims:
    """Return the claims of an ID token except `iss`; personal data only if `claims` requests and `scopes` allow it."""
    grant = active.grant
    requested = claims_of(scopes) & (grant.claims.get("id_token") or {}).keys()
    claims = {
        "sub": active.account.id,
        "aud": grant.client,
        "azp": grant.client,
        "exp": _seconds(now + ID_TOKEN_LIFETIME),
        "iat": _seconds(now),
        **_login_claims(active),
        "at_hash": _half_hash(access_token),
        **person_claims(active, requested),
    }
    return claims | _present(act=act_claim(active, scopes if "act" in requested else ()), nonce=nonce)


def access_token_claims(active: ActiveGrant, token: Token) -> Claims:
    """Return the claims of a JWT access token (RFC 9068 section 2.2) except `iss` and `jti`."""
    return {
        "sub": active.account.id,
        "aud": token.audience,
        "exp": _seconds(token.expires_at),
        "iat": _seconds(token.issued_at),
        "client_id": token.client,
        "scope": " ".join(token.scopes),
        **_login_claims(active),
        **_present(act=act_claim(active, (), token.act), cnf={"jkt": token.jkt} if token.jkt else None),
    }


def _login_claims(active: ActiveGrant) -> Claims:
    """Return the claims about the login; `acr` only if the client requested it for the grant."""
    grant = active.grant
    return {
        "auth_time": _seconds(grant.auth_time),
        "amr": grant.amr,
        "sid": grant.id,
        **_present(acr=grant.acr),
    }


def _seconds(at: datetime) -> int:
    """Return a time as whole seconds since 1970 (RFC 7519 section 2)."""
    return int(at.timestamp())


def _present(**claims: Any) -> Claims:
    return {name: value for name, value in claims.items() if value is not None}


def _half_hash(token: str) -> str:
    """Return `at_hash`: the left half of the SHA-256 digest (OpenID Connect Core section 3.1.3.6)."""
    digest = hashlib.sha256(token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()

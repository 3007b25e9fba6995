"""Validation of the claims in a DPoP proof (RFC 9449). The adapters verify its signature."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime

from identity.domain.errors import InvalidProof
from identity.domain.jwt_replay import TOLERANCE, Claims, SingleUse, has_jti, seconds, single_use
from identity.domain.target_uri import is_same_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request that a DPoP proof must match; `url` is its public address without the query.

    `access_token` is None at endpoints that do not take an access token.
    """

    method: str
    url: str
    access_token: str | None = None


def check_dpop(claims: Claims, request: Request, *, thumbprint: str, now: datetime) -> SingleUse:
    """Check the claims of a proof that the key with `thumbprint` signed (OIDC-17). Raises InvalidProof.

    The caller records the proof's single use, which this function returns.
    """
    issued_at, at, tolerance = seconds(claims, "iat"), now.timestamp(), TOLERANCE.total_seconds()
    token = request.access_token
    if not (
        at - tolerance <= issued_at <= at + tolerance
        and _is_valid_at(claims, at)
        and claims.get("htm") == request.method
        and is_same_target(claims.get("htu"), request.url)
        and (token is None or claims.get("ath") == token_hash(token))
        and has_jti(claims)
    ):
        raise InvalidProof
    return single_use("dpop", thumbprint, claims, until=issued_at + tolerance)


def token_hash(access_token: str) -> str:
    """Return the `ath` of an access token (RFC 9449 section 4.2)."""
    digest = hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_valid_at(claims: Claims, at: float) -> bool:
    """Check the optional claims `exp` and `nbf` (RFC 7519 section 4.1)."""
    return ("exp" not in claims or at < seconds(claims, "exp")) and (
        "nbf" not in claims or seconds(claims, "nbf") <= at + TOLERANCE.total_seconds()
    )

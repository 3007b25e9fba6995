"""The claims of what clients sign: DPoP proofs (RFC 9449) and assertions by which they authenticate (RFC 7523).

Signatures are verified elsewhere. Times among the claims are seconds since 1970 (RFC 7519 section 2).
"""

import hashlib
import math
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from identity.domain.errors import BadClient, InvalidProof
from identity.domain.target_uri import is_same_target

TOLERANCE: Final = timedelta(seconds=60)
"""How far a DPoP proof's `iat` may be from now, and how far ahead `exp`, `nbf` and `iat` of an assertion may be."""
_MAX_JTI_CHARACTERS = 256
_MAX_SECONDS = 2**40

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SingleUse:
    """A proof that may be used once: the digest of its signer and `jti`, and when its time is over anyway."""

    digest: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request that a DPoP proof must be for; `url` is its address without query, as clients know it."""

    method: str
    url: str
    access_token: str | None = None


def check_dpop(claims: Claims, request: Request, *, thumbprint: str, now: datetime) -> SingleUse:
    """Check the claims of a proof by the key with this thumbprint (OIDC-17). Raises InvalidProof."""
    issued_at, at, tolerance = _seconds(claims, "iat"), now.timestamp(), TOLERANCE.total_seconds()
    token = request.access_token
    if not (
        at - tolerance <= issued_at <= at + tolerance
        and claims.get("htm") == request.method
        and is_same_target(claims.get("htu"), request.url)
        and (token is None or claims.get("ath") == token_hash(token))
        and _has_jti(claims)
    ):
        raise InvalidProof
    return _single_use("dpop", thumbprint, claims, until=issued_at + tolerance)


def check_assertion(claims: Claims, *, client: str, issuer: str, now: datetime) -> SingleUse:
    """Check the claims of a client's assertion (OIDC-18). Raises BadClient.

    `exp` and `nbf` are at most a minute ahead, counted from the next whole second: a client whose clock is a little
    ahead may add a minute to its own time.
    """
    expires_at, at = _seconds(claims, "exp"), now.timestamp()
    latest = math.ceil(at) + TOLERANCE.total_seconds()
    if not (
        claims.get("iss") == client
        and claims.get("sub") == client
        and claims.get("aud") == issuer  # no array: it could name other servers, which would accept it too
        and at < expires_at <= latest
        and all(_seconds(claims, name) <= latest for name in {"nbf", "iat"} & claims.keys())
        and _has_jti(claims)
    ):
        raise BadClient
    return _single_use("assertion", client, claims, until=expires_at)


def token_hash(access_token: str) -> str:
    """Return the `ath` of an access token (RFC 9449 section 4.2)."""
    digest = hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _single_use(kind: str, signer: str, claims: Claims, *, until: float) -> SingleUse:
    text = "\0".join((kind, signer, claims["jti"])).encode("utf-8", "surrogatepass")
    return SingleUse(hashlib.sha256(text).hexdigest(), datetime.fromtimestamp(math.ceil(until), UTC))


def _has_jti(claims: Claims) -> bool:
    jti = claims.get("jti")
    return isinstance(jti, str) and 0 < len(jti) <= _MAX_JTI_CHARACTERS


def _seconds(claims: Claims, name: str) -> float:
    """Return a time, or NaN if it is none: every comparison with NaN is false."""
    value = claims.get(name)
    if isinstance(value, int | float) and 0 <= value <= _MAX_SECONDS:
        return float(value)
    return math.nan

"""Validation of the claims in DPoP proofs (RFC 9449) and client assertions (RFC 7523).

The adapters verify the signatures. Times in claims are seconds since 1970 (RFC 7519 section 2).
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
"""Maximum distance of a DPoP proof's `iat` from now, and of an assertion's `exp`, `nbf` and `iat` in the future."""
_MAX_CLOCK_AHEAD: Final = timedelta(seconds=10)
"""How far a client's clock may be ahead: an assertion's `exp` counts from its `iat` (FAPI 2.0, section 5.3.2.1)."""
_MAX_JTI_CHARACTERS = 256
_MAX_SECONDS = 2**40

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SingleUse:
    """A single-use proof: the digest of its signer and `jti`, and the time at which it expires."""

    digest: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request that a DPoP proof must match; `url` is its public address without the query."""

    method: str
    url: str
    access_token: str | None = None


def check_dpop(claims: Claims, request: Request, *, thumbprint: str, now: datetime) -> SingleUse:
    """Check the claims of a proof that the key with `thumbprint` signed (OIDC-17). Raises InvalidProof."""
    issued_at, at, tolerance = _seconds(claims, "iat"), now.timestamp(), TOLERANCE.total_seconds()
    token = request.access_token
    if not (
        at - tolerance <= issued_at <= at + tolerance
        and _is_valid_at(claims, at)
        and claims.get("htm") == request.method
        and is_same_target(claims.get("htu"), request.url)
        and (token is None or claims.get("ath") == token_hash(token))
        and _has_jti(claims)
    ):
        raise InvalidProof
    return _single_use("dpop", thumbprint, claims, until=issued_at + tolerance)


def check_assertion(claims: Claims, *, client: str, issuer: str, now: datetime) -> SingleUse:
    """Check the claims of a client's assertion (OIDC-18). Raises BadClient.

    `exp`, `nbf` and `iat` may be at most a minute ahead, counted from the next whole second. A client whose clock is
    fast may set `exp` a minute ahead of its own time, which `iat` contains.
    """
    expires_at, at = _seconds(claims, "exp"), now.timestamp()
    latest = math.ceil(at) + TOLERANCE.total_seconds()
    ahead = _seconds(claims, "iat") - math.ceil(at)
    leeway = min(ahead, _MAX_CLOCK_AHEAD.total_seconds()) if ahead > 0 else 0
    if not (
        claims.get("iss") == client
        and claims.get("sub") == client
        and claims.get("aud") == issuer  # not an array: other servers in it would accept the assertion too
        and at < expires_at <= latest + leeway
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


def _is_valid_at(claims: Claims, at: float) -> bool:
    """Return whether a proof is valid at this time by `exp` and `nbf`, which are optional (RFC 7519 section 4.1)."""
    return ("exp" not in claims or at < _seconds(claims, "exp")) and (
        "nbf" not in claims or _seconds(claims, "nbf") <= at + TOLERANCE.total_seconds()
    )


def _has_jti(claims: Claims) -> bool:
    jti = claims.get("jti")
    return isinstance(jti, str) and 0 < len(jti) <= _MAX_JTI_CHARACTERS


def _seconds(claims: Claims, name: str) -> float:
    """Return a time, or NaN if the claim is missing or invalid: every comparison with NaN is false."""
    value = claims.get(name)
    if isinstance(value, int | float) and 0 <= value <= _MAX_SECONDS:
        return float(value)
    return math.nan

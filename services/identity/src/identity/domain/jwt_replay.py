"""Replay protection of DPoP proofs and client assertions by their `jti`, and the parsing of their times."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

TOLERANCE: Final = timedelta(seconds=60)
"""How far a DPoP proof's `iat` may be from now. `nbf`, and an assertion's `iat` and `exp`, may be as far ahead."""
_MAX_JTI_CHARACTERS = 256
_MAX_SECONDS = 2**40

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SingleUse:
    """What is stored of a JWT while it could be accepted again; `digest` covers its kind, signer and `jti`."""

    digest: str
    expires_at: datetime


def single_use(kind: str, signer: str, claims: Claims, *, until: float) -> SingleUse:
    """Return what must be stored of a JWT that passes `has_jti`. `until` is in seconds since 1970 and is rounded up.

    `signer` is a client's name or the thumbprint of a key.
    """
    text = "\0".join((kind, signer, claims["jti"])).encode("utf-8", "surrogatepass")
    return SingleUse(hashlib.sha256(text).hexdigest(), datetime.fromtimestamp(math.ceil(until), UTC))


def has_jti(claims: Claims) -> bool:
    """Return whether there is a `jti` of 1 to 256 characters."""
    jti = claims.get("jti")
    return isinstance(jti, str) and 0 < len(jti) <= _MAX_JTI_CHARACTERS


def seconds(claims: Claims, name: str) -> float:
    """Return a time claim in seconds since 1970 (RFC 7519 section 2).

    A missing or invalid claim is NaN, with which every comparison of order is false.
    """
    value = claims.get(name)
    if isinstance(value, int | float) and 0 <= value <= _MAX_SECONDS:
        return float(value)
    return math.nan

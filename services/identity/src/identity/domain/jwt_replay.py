"""What DPoP proofs and client assertions share: each may be used once, and has a `jti` and times.

Times in claims are seconds since 1970 (RFC 7519 section 2).
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

TOLERANCE: Final = timedelta(seconds=60)
"""Maximum distance of a DPoP proof's `iat` from now, and of an assertion's `nbf` and `iat` in the future."""
_MAX_JTI_CHARACTERS = 256
_MAX_SECONDS = 2**40

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SingleUse:
    """A single-use proof: the digest of its signer and `jti`, and the time at which it expires."""

    digest: str
    expires_at: datetime


def single_use(kind: str, signer: str, claims: Claims, *, until: float) -> SingleUse:
    """Return the use of what this signer signed; `claims` contains a `jti`."""
    text = "\0".join((kind, signer, claims["jti"])).encode("utf-8", "surrogatepass")
    return SingleUse(hashlib.sha256(text).hexdigest(), datetime.fromtimestamp(math.ceil(until), UTC))


def has_jti(claims: Claims) -> bool:
    """Return whether there is a `jti` that can be stored."""
    jti = claims.get("jti")
    return isinstance(jti, str) and 0 < len(jti) <= _MAX_JTI_CHARACTERS


def seconds(claims: Claims, name: str) -> float:
    """Return a time, or NaN if the claim is missing or invalid: every comparison with NaN is false."""
    value = claims.get(name)
    if isinstance(value, int | float) and 0 <= value <= _MAX_SECONDS:
        return float(value)
    return math.nan

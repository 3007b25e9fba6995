"""Validation of the claims in a client assertion (RFC 7523). The adapters verify its signature."""

import math
from datetime import datetime, timedelta
from typing import Final

from identity.domain.errors import BadClient
from identity.domain.jwt_replay import TOLERANCE, Claims, SingleUse, has_jti, seconds, single_use

_MAX_CLOCK_AHEAD: Final = timedelta(seconds=10)
"""How much later than a minute from now `exp` may be, if `iat` shows a fast clock (FAPI 2.0 section 5.3.2.1)."""


def check_assertion(claims: Claims, *, client: str, issuer: str, now: datetime) -> SingleUse:
    """Check the claims of a client's assertion, whose single use the caller records (OIDC-18). Raises BadClient.

    `nbf`, `iat` and `exp` may be at most a minute ahead, counted from the next whole second. If `iat` is ahead, which
    shows a fast clock, `exp` may be later by the same time, at most 10 seconds.
    """
    expires_at, at = seconds(claims, "exp"), now.timestamp()
    latest = math.ceil(at) + TOLERANCE.total_seconds()
    ahead = seconds(claims, "iat") - math.ceil(at)
    leeway = min(ahead, _MAX_CLOCK_AHEAD.total_seconds()) if ahead > 0 else 0
    if not (
        claims.get("iss") == client
        and claims.get("sub") == client
        and claims.get("aud") == issuer  # not an array: other servers in it would accept the assertion too
        and at < expires_at <= latest + leeway
        and all(seconds(claims, name) <= latest for name in {"nbf", "iat"} & claims.keys())
        and has_jti(claims)
    ):
        raise BadClient
    return single_use("assertion", client, claims, until=expires_at)

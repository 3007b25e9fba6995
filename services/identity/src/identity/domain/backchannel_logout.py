"""Back-channel logout notifies a client that a grant has ended, and retries after failures (OIDC-22)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from identity.domain.oidc_client import IdTokenAlg

Verdict = Literal["told", "retried", "set_aside"]
"""The outcome of an attempt."""

MAX_AT_ONCE: Final = 4
"""Maximum number of concurrent attempts for one client, across all processes."""
TRY_TIMEOUT: Final = timedelta(seconds=5)
LEASE: Final = timedelta(seconds=15)
"""Longer than an attempt with its two transactions. When the lease expires, another process may try."""
RETRIED_FOR: Final = timedelta(days=3)
MIN_TRIES: Final = 10
"""Retries end only after this number of attempts, because `identity notify` may not have run within RETRIED_FOR."""

_FIRST_WAIT_SECONDS: Final = 1.0
_MAX_WAIT_SECONDS: Final = 300.0
_SPREAD: Final = 0.2
_MAX_DOUBLINGS: Final = 16
_TOKEN_LIFETIME: Final = timedelta(seconds=120)
_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_RETRIED_STATUSES: Final = frozenset({408, 429})


@dataclass(eq=False, kw_only=True)
class Logout:
    """A logout notification for a client. `due_at` is the time of the next attempt.

    `outcome` describes the latest attempt, or is "dropped". No attempt is made while `done_at` is set.
    """

    id: int | None = None
    grant_id: str
    client: str
    sub: str
    created_at: datetime
    due_at: datetime
    leased_until: datetime | None = None
    tries: int = 0
    outcome: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedLogout:
    """A logout notification leased by this process; `tries` includes the current attempt."""

    id: int
    grant_id: str
    client: str
    sub: str
    created_at: datetime
    tries: int
    backchannel_uri: str | None
    id_token_alg: IdTokenAlg


def verdict_on_status(status: int) -> Verdict:
    """Return the outcome for a status: 2xx succeeds, 4xx other than 408 and 429 is final, all others are retried."""
    if status // 100 == 2:  # noqa: PLR2004  # 2xx
        return "told"
    is_final = status // 100 == 4 and status not in _RETRIED_STATUSES  # noqa: PLR2004  # 4xx
    return "set_aside" if is_final else "retried"


def may_be_retried(logout: LeasedLogout, now: datetime) -> bool:
    return logout.tries < MIN_TRIES or now < logout.created_at + RETRIED_FOR


def wait_after(tries: int, *, spread: float) -> timedelta:
    """Return the wait after `tries` attempts: from 1 s, doubled, to 5 min. `spread` in [0, 1) adds jitter."""
    doubled = _FIRST_WAIT_SECONDS * 2.0 ** min(tries - 1, _MAX_DOUBLINGS)
    longest = min(doubled / (1 - _SPREAD), _MAX_WAIT_SECONDS)
    return timedelta(seconds=longest * (1 - _SPREAD * (1 - spread)))


def logout_claims(logout: LeasedLogout, *, issuer: str, token_id: str, now: datetime) -> Mapping[str, Any]:
    """Return the claims of a logout token (OpenID Connect Back-Channel Logout, section 2.4)."""
    issued_at = int(now.timestamp())
    return {
        "iss": issuer,
        "aud": logout.client,
        "sub": logout.sub,
        "sid": logout.grant_id,
        "iat": issued_at,
        "exp": issued_at + int(_TOKEN_LIFETIME.total_seconds()),
        "jti": token_id,
        "events": {_EVENT: {}},
    }

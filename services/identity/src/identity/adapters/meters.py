"""The metrics of password hashing, logins, logouts and OAuth endpoints (OPS-4)."""

from port_runtime.metrics import Instruments
from typing_extensions import override

from identity.domain.backchannel_logout import Verdict
from identity.metrics.notify import LOGOUT_SECONDS, LOGOUTS
from identity.metrics.web import (
    HASH_SECONDS,
    HASH_WAIT_SECONDS,
    HASH_WAITING,
    HASHES_REFUSED,
    INTROSPECTIONS,
    LOGINS,
    OAUTH_REFUSALS,
    OAUTH_TOKENS,
    REFRESH_REUSE,
)
from identity.usecases.ports.meters import LoginCounter, LogoutMeter, OAuthMeter


class HashMetrics:
    def __init__(self, instruments: Instruments) -> None:
        self.waiting = instruments.gauge(HASH_WAITING)
        self.refused = instruments.counter(HASHES_REFUSED)
        self.wait_seconds = instruments.histogram(HASH_WAIT_SECONDS)
        self.seconds = instruments.histogram(HASH_SECONDS)


class LoginMetrics(LoginCounter):
    def __init__(self, instruments: Instruments) -> None:
        self._logins = instruments.counter(LOGINS)

    @override
    def login(self, outcome: str) -> None:
        self._logins.labels(outcome).inc()


class LogoutMetrics(LogoutMeter):
    def __init__(self, instruments: Instruments) -> None:
        self._tries = instruments.counter(LOGOUTS)
        self._seconds = instruments.histogram(LOGOUT_SECONDS)

    @override
    def count_attempt(self, verdict: Verdict) -> None:
        self._tries.labels(verdict).inc()

    @override
    def observe_delay(self, seconds: float) -> None:
        self._seconds.observe(seconds)


class OAuthMetrics(OAuthMeter):
    def __init__(self, instruments: Instruments) -> None:
        self._tokens = instruments.counter(OAUTH_TOKENS)
        self._refusals = instruments.counter(OAUTH_REFUSALS)
        self._introspections = instruments.counter(INTROSPECTIONS)
        self._reuse = instruments.counter(REFRESH_REUSE)

    @override
    def issued(self, grant_type: str) -> None:
        self._tokens.labels(grant_type).inc()

    @override
    def refused(self, endpoint: str, error: str) -> None:
        self._refusals.labels(endpoint, error).inc()

    @override
    def introspected(self, *, active: bool) -> None:
        self._introspections.labels(str(active).lower()).inc()

    @override
    def refresh_reused(self) -> None:
        self._reuse.inc()

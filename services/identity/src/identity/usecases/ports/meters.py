"""The metrics of logins, logouts and OAuth endpoints (OPS-4)."""

from typing import Protocol

from identity.domain.backchannel_logout import Verdict


class OAuthMeter(Protocol):
    def issued(self, grant_type: str) -> None: ...

    def refused(self, endpoint: str, error: str) -> None: ...

    def introspected(self, *, active: bool) -> None: ...

    def refresh_reused(self) -> None:
        """Count the reuse of a refresh token, which ended its grant (OIDC-16)."""


class LoginCounter(Protocol):
    def login(self, outcome: str) -> None:
        """Count a login by outcome: opened, bad_credentials, locked, suspended, rejected or busy."""


class LogoutMeter(Protocol):
    def count_attempt(self, verdict: Verdict) -> None: ...

    def observe_delay(self, seconds: float) -> None:
        """Record the time until the client was notified, from the grant's end or from an operator's retry."""

"""The metrics that use cases count."""

from typing import Protocol

from identity.domain.backchannel_logout import Verdict


class OAuthMeter(Protocol):
    """The metrics of the OAuth endpoints (OPS-4)."""

    def issued(self, grant_type: str) -> None:
        """Count a response with tokens, by grant type."""

    def refused(self, endpoint: str, error: str) -> None:
        """Count an error response, by endpoint and error code."""

    def introspected(self, *, active: bool) -> None:
        """Count an introspection response."""

    def refresh_reused(self) -> None:
        """Count a reused refresh token (OIDC-16)."""


class LoginCounter(Protocol):
    """The metric of logins (OPS-4)."""

    def login(self, outcome: str) -> None:
        """Count a login by outcome: opened, bad_credentials, locked, suspended, rejected or busy."""


class LogoutMeter(Protocol):
    """The metrics of logouts (OPS-4)."""

    def tried(self, verdict: Verdict) -> None:
        """Count an attempt."""

    def told(self, seconds: float) -> None:
        """Record the time from the end of a grant until its client was notified."""

"""The time, randomness and metrics."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time; tests set their own."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""


class Randomness(Protocol):
    """A cryptographically secure source; tests make it predictable."""

    def identifier(self) -> str:
        """Return a new UUID."""

    def token(self) -> str:
        """Return 256 random bits, URL-safe."""

    def digits(self, count: int) -> str:
        """Return evenly distributed decimal digits."""


class OAuthMeter(Protocol):
    """The metrics of the OAuth endpoints (OPS-4)."""

    def issued(self, grant_type: str) -> None:
        """Count an answer with tokens by the grant type."""

    def refused(self, endpoint: str, error: str) -> None:
        """Count a refusal by its code."""

    def introspected(self, *, active: bool) -> None:
        """Count an answer about a token."""

    def refresh_reused(self) -> None:
        """Count a refresh token that was used again (OIDC-16)."""


class LoginCounter(Protocol):
    """The metric of logins (OPS-4)."""

    def login(self, outcome: str) -> None:
        """Count a login: opened, bad_credentials, locked, suspended or busy."""

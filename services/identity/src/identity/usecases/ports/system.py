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


class LoginCounter(Protocol):
    """The metric of logins (OPS-4)."""

    def login(self, outcome: str) -> None:
        """Count a login: opened, bad_credentials, locked, suspended or busy."""

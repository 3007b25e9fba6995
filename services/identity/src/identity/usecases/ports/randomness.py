"""Identifiers, tokens and codes that nobody can guess."""

from typing import Protocol


class Randomness(Protocol):
    """A cryptographically secure source; tests make it predictable."""

    def identifier(self) -> str:
        """Return a new UUID."""

    def token(self) -> str:
        """Return 256 random bits, URL-safe."""

    def digits(self, count: int) -> str:
        """Return evenly distributed decimal digits."""

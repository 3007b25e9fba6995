"""Generation of identifiers, tokens and codes."""

from typing import Protocol


class Randomness(Protocol):
    """A cryptographically secure random source; tests replace it."""

    def identifier(self) -> str:
        """Return a new UUID."""

    def token(self) -> str:
        """Return 256 random bits in base64url."""

    def digits(self, count: int) -> str:
        """Return uniformly distributed decimal digits."""

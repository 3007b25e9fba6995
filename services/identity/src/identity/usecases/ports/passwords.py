"""Password hashing."""

from typing import Protocol


class Passwords(Protocol):
    """Concurrency is bounded: `hash` and `verify` raise Busy if too many calls wait (SEC-1)."""

    def hash(self, password: str) -> str:
        """Return a new hash, which includes its parameters."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Compare a password with a hash. Without a hash, do the same work and return False (LOGIN-1)."""

    def outdated(self, password_hash: str) -> bool:
        """Return whether the hash was made with parameters other than the current ones."""

"""Refresh tokens and their successors."""

from datetime import datetime
from typing import Protocol

from identity.domain.grant import Token


class RefreshTokens(Protocol):
    def locked(self, digest: str) -> Token | None:
        """Return a refresh token, even if it is used or expired, and lock its row until the commit."""

    def has_unused_successor(self, token: Token) -> bool:
        """Return whether an unused refresh token was issued for this token; lock the successor until the commit."""

    def void_successors(self, token: Token, now: datetime) -> None:
        """Invalidate the tokens that were issued for this token: mark them as used, and unlink them from it."""

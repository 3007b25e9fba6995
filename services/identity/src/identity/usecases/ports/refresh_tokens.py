"""Refresh tokens and their successors."""

from datetime import datetime
from typing import Protocol

from identity.domain.grant import Token


class RefreshTokens(Protocol):
    """The refresh tokens, with the tokens that were issued for each."""

    def locked(self, digest: str) -> Token | None:
        """Return a refresh token, even if it is used or expired, locked until the commit."""

    def use(self, digest: str, now: datetime) -> None:
        """Mark a token as used."""

    def has_unused_successor(self, token: Token) -> bool:
        """Return whether an unused refresh token was issued for this token."""

    def void_successors(self, token: Token, now: datetime) -> None:
        """Invalidate the tokens that were issued for this token: mark them as used, and unlink them from it."""

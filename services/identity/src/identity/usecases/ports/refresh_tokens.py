"""Refresh tokens and their successors."""

from datetime import datetime
from typing import Protocol

from identity.domain.grant import Token


class RefreshTokens(Protocol):
    """The refresh tokens, and the tokens that were issued for each."""

    def locked(self, digest: str) -> Token | None:
        """Return a refresh token, also a used or expired one, locked until the commit."""

    def use(self, digest: str, now: datetime) -> None:
        """Mark a token as used."""

    def has_unused_successor(self, token: Token) -> bool:
        """Return whether a refresh token was issued for this one that is neither used nor void."""

    def void_successors(self, token: Token, now: datetime) -> None:
        """Void the tokens that were issued for this one: they count as used, and no longer as its successors."""

"""Redeeming a code outside the unit of work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveGrant, Code, Token


class CodeRedemption(Protocol):
    """Redeeming a code in two statements, which commit by themselves. If the database has none, no code is usable."""

    def usable(self, digest: str, now: datetime) -> tuple[Code, ActiveGrant] | None:
        """Return an unused, unexpired code with its grant, if that is active; neither is locked."""

    def use(self, digest: str, tokens: Sequence[Token], now: datetime) -> bool:
        """Mark the code as used and add its tokens.

        Return False, and do neither, if it has been used or its grant has ended meanwhile.
        """

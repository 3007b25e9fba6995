"""Redemption of authorization codes outside the unit of work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveGrant, Code, Token


class CodeRedemption(Protocol):
    """Each method is one autocommitted statement. On a database that does not support it, `usable` returns None."""

    def usable(self, digest: str, now: datetime) -> tuple[Code, ActiveGrant] | None:
        """Return an unused, unexpired code with its active grant, without locking either."""

    def use(self, digest: str, tokens: Sequence[Token], now: datetime) -> bool:
        """Mark the code as used and add its tokens.

        Returns False, without changes, if the code was used or has expired, or if its grant has ended.
        """

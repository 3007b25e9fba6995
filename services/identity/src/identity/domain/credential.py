"""What a name leads to when somebody logs in: whose it is, and what proves that (LOGIN-1)."""

from dataclasses import dataclass, field
from datetime import datetime

from identity.domain.account import has_lapsed
from identity.domain.session import AccountSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An open account as it is when its name is looked up, in as much as proving its password takes."""

    summary: AccountSummary
    password_hash: str = field(repr=False)
    credential_version: int
    opened_at: datetime
    verified_at: datetime | None
    accepted: frozenset[tuple[str, str]]
    """The texts accepted so far, each with its version."""

    @property
    def id(self) -> str:
        """The account's identifier."""
        return self.summary.id

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether the account was not verified in time (VER-7)."""
        return has_lapsed(self.verified_at, self.opened_at, now)

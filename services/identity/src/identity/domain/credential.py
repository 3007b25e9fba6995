"""The data of an account that a login needs (LOGIN-1)."""

from dataclasses import dataclass, field
from datetime import datetime

from identity.domain.account import has_lapsed
from identity.domain.session import AccountSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An open account with its password hash, read in one query."""

    summary: AccountSummary
    password_hash: str = field(repr=False)
    credential_version: int
    opened_at: datetime
    verified_at: datetime | None
    accepted: frozenset[tuple[str, str]]
    """The accepted texts, as pairs of document and version."""

    @property
    def id(self) -> str:
        """The account's identifier."""
        return self.summary.id

    def has_lapsed(self, now: datetime) -> bool:
        """Return whether the account was not verified in time (VER-7)."""
        return has_lapsed(self.verified_at, self.opened_at, now)

"""The data of an account that a login needs (LOGIN-1)."""

from dataclasses import dataclass, field
from datetime import datetime

from identity.domain.account import Account, has_lapsed
from identity.domain.session import AccountSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account that is not closed, with its password hash, read in one query."""

    summary: AccountSummary
    password_hash: str = field(repr=False)
    credential_version: int
    opened_at: datetime
    verified_at: datetime | None
    accepted: frozenset[tuple[str, str]]
    """The accepted texts, as pairs of document and version."""

    @property
    def id(self) -> str:
        return self.summary.id

    def has_lapsed(self, now: datetime) -> bool:
        return has_lapsed(self.verified_at, self.opened_at, now)


DeviceOwner = Account | Credential
"""An account, or its credential, that recognizes browsers by cookies of its `credential_version` (SEC-3)."""

"""A binding: the tie between one link account and one general account (BIND, UNB)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["unverified", "verified", "removed"]
RemovedReason = Literal[
    "link", "general", "lapsed", "operator", "password_reset", "password_changed", "account_closed"
]

UNVERIFIED_LIFETIME = timedelta(days=7)
"""BIND-8."""


@dataclass(eq=False, kw_only=True)
class Binding:
    """`live_general_id` is the general account while the binding lives: unique, so at most one (BIND-4)."""

    id: str
    link_account_id: str
    general_account_id: str
    live_general_id: str | None
    status: Status = "unverified"
    requested_at: datetime
    verified_at: datetime | None = None
    removed_at: datetime | None = None
    removed_reason: RemovedReason | None = None
    dismissed: bool = False

    @classmethod
    def request(cls, binding_id: str, *, link_id: str, general_id: str, now: datetime) -> "Binding":
        """Return a new binding, to be verified by code."""
        return cls(
            id=binding_id,
            link_account_id=link_id,
            general_account_id=general_id,
            live_general_id=general_id,
            requested_at=now,
        )

    @property
    def is_live(self) -> bool:
        """Unverified or verified, not removed."""
        return self.status != "removed"

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether the code was never given in time (BIND-8)."""
        return self.status == "unverified" and now >= self.requested_at + UNVERIFIED_LIFETIME

    def verify(self, now: datetime) -> None:
        """Take the code as given."""
        self.status = "verified"
        self.verified_at = now

    def remove(self, reason: RemovedReason, now: datetime) -> None:
        """End the binding. The link side sees it until dismissed, unless it ended it itself (UNB-4)."""
        self.status = "removed"
        self.removed_at = now
        self.removed_reason = reason
        self.live_general_id = None
        self.dismissed = reason == "link"

"""A binding between a link account and a general account (BIND, UNB)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["unverified", "verified", "removed"]
RemovedReason = Literal[
    "link", "general", "lapsed", "operator", "password_reset", "password_changed", "account_closed"
]

UNVERIFIED_LIFETIME = timedelta(days=7)
"""How long a binding may stay unverified (BIND-8)."""


@dataclass(eq=False, kw_only=True)
class Binding:
    """A binding. `live_general_id` is unique, so a general account has at most one live binding; None after removal.

    `used_at` is None until the link account first acts as the general account.
    """

    id: str
    link_account_id: str
    general_account_id: str
    live_general_id: str | None
    status: Status = "unverified"
    requested_at: datetime
    verified_at: datetime | None = None
    used_at: datetime | None = None
    removed_at: datetime | None = None
    removed_reason: RemovedReason | None = None
    dismissed: bool = False

    @classmethod
    def request(cls, binding_id: str, *, link_id: str, general_id: str, now: datetime) -> "Binding":
        return cls(
            id=binding_id,
            link_account_id=link_id,
            general_account_id=general_id,
            live_general_id=general_id,
            requested_at=now,
        )

    @property
    def is_live(self) -> bool:
        return self.status != "removed"

    def has_lapsed(self, now: datetime) -> bool:
        return self.status == "unverified" and now >= self.requested_at + UNVERIFIED_LIFETIME

    def verify(self, now: datetime) -> None:
        self.status = "verified"
        self.verified_at = now

    def use(self, now: datetime) -> None:
        """Record that the link account acts as the general account, for the order of the list (BIND-10)."""
        self.used_at = now

    def remove(self, reason: RemovedReason, now: datetime) -> None:
        """End the binding. Unless the link side ends it, the link account's list shows it until dismissed (UNB-4)."""
        self.status = "removed"
        self.removed_at = now
        self.removed_reason = reason
        self.live_general_id = None
        self.dismissed = reason == "link"


def list_order(binding: Binding) -> tuple[int, float]:
    """Return the sort key for a list of bindings: unverified, removed, used, never used; the newest first (BIND-10)."""
    newest = binding.used_at or binding.verified_at or binding.requested_at
    ranks = {"unverified": 0, "removed": 1, "verified": 2 if binding.used_at else 3}
    return ranks[binding.status], -newest.timestamp()

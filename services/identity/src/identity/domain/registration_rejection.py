"""Rejected registrations, of which the applicants are informed at login (REV-3)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

REJECTION_LIFETIME = timedelta(days=30)
"""How long a login shows the rejection; afterwards the rejection is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A rejected registration. Closing the account deletes its password hash, so the rejection has a copy."""

    account_id: str
    username_key: str
    password_hash: str = field(repr=False)
    reason: str
    rejected_at: datetime

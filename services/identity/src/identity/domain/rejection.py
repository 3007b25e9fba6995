"""A rejected application, as its applicant learns of it (REV-3)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

REJECTION_LIFETIME = timedelta(days=30)
"""How long the right password shows the outcome; then it is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why and when an account was rejected. Its own password hash is deleted, and its name is free."""

    account_id: str
    username_key: str
    password_hash: str = field(repr=False)
    reason: str
    rejected_at: datetime

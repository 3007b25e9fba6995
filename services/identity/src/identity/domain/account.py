"""An account: a general account of one user at one company, or a link account that several are bound to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from identity.domain.company import Company
from identity.domain.username import username_key

Kind = Literal["general", "link"]
Review = Literal["none", "pending", "approved", "rejected"]
Status = Literal["email_unverified", "awaiting_review", "active", "suspended", "closed"]
ClosedReason = Literal["lapsed", "rejected", "operator", "erased"]

OPEN: Final[tuple[Status, ...]] = ("active", "awaiting_review", "email_unverified", "suspended")
"""The statuses of an account that is not closed."""

OPERATOR_DECISIONS: Final[Mapping[str, tuple[Status, ...]]] = {
    "account.approved": ("awaiting_review",),
    "account.rejected": ("awaiting_review",),
    "account.suspended": ("active", "awaiting_review", "email_unverified"),
    "account.reinstated": ("suspended",),
    "account.closed": OPEN,
}
"""The statuses in which an operator may make a decision, which its event names (REV-2, OPS-2)."""

UNVERIFIED_LIFETIME = timedelta(days=7)
"""VER-7."""

REPEAT_WINDOW = timedelta(minutes=10)
"""How long the same registration, sent again, counts as a repeat (REG-13)."""

REMEMBERED_PASSWORDS = 3
"""The passwords that a new one must differ from, including the current one (SEC-2)."""

PERSONAL_FIELDS = ("username", "name", "mobile", "email", "company_name", "tax_id")
"""The fields of an account or a registration whose values a password must not contain (SEC-2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The data that a person registers with, normalized (REG-2)."""

    kind: Kind
    username: str
    name: str
    mobile: str
    email: str
    company: Company


@dataclass(eq=False, kw_only=True)
class Account:
    """An account. `username_key` and `mailbox_key` are unique, and None once it is closed."""

    id: str
    kind: Kind
    username: str
    username_key: str | None
    name: str
    mobile: str
    email: str
    mailbox_key: str | None = None
    tax_id: str
    company_phone: str
    company_name: str
    company_address: str
    password_hash: str = field(repr=False)
    former_hashes: list[str] = field(default_factory=list, repr=False)
    credential_version: int = 1
    review: Review = "none"
    created_at: datetime
    email_verified_at: datetime | None = None
    suspended_at: datetime | None = None
    closed_at: datetime | None = None
    closed_reason: ClosedReason | None = None
    pending_email: str | None = None
    revision: int = 1
    sequence: int = 0
    updated_at: datetime | None = None

    @classmethod
    def open(
        cls, registration: Registration, *, account_id: str, password_hash: str, reviewed: bool, now: datetime
    ) -> "Account":
        """Return a new, unverified account (REG-9); with `reviewed`, an operator must approve it."""
        company = registration.company
        return cls(
            id=account_id,
            kind=registration.kind,
            username=registration.username,
            username_key=username_key(registration.username),
            name=registration.name,
            mobile=registration.mobile,
            email=registration.email,
            tax_id=company.tax_id,
            company_phone=company.phone,
            company_name=company.name,
            company_address=company.address,
            password_hash=password_hash,
            review="pending" if reviewed else "none",
            created_at=now,
        )

    @property
    def registration(self) -> Registration:
        """The data that the account was opened with, for comparison with a repeat (REG-13)."""
        return Registration(
            kind=self.kind,
            username=self.username,
            name=self.name,
            mobile=self.mobile,
            email=self.email,
            company=Company(
                tax_id=self.tax_id,
                phone=self.company_phone,
                name=self.company_name,
                address=self.company_address,
            ),
        )

    @property
    def status(self) -> Status:
        """The status, derived from the timestamps and the review."""
        if self.closed_at is not None:
            return "closed"
        if self.suspended_at is not None:
            return "suspended"
        if self.email_verified_at is None:
            return "email_unverified"
        return "awaiting_review" if self.review == "pending" else "active"

    def mailbox_key_for(self, email: str) -> str:
        """Return the key under which the mailbox would be unique for this account (REG-9)."""
        return mailbox_key(self.kind, email, self.tax_id)

    def has_lapsed(self, now: datetime) -> bool:
        """Return whether the account was not verified in time (VER-7)."""
        return has_lapsed(self.email_verified_at, self.created_at, now)

    def verify_email(self, now: datetime) -> None:
        """Mark the mailbox as verified and claim it; the unique index decides between two accounts."""
        self.email_verified_at = now
        self.mailbox_key = self.mailbox_key_for(self.email)

    def approve(self) -> None:
        """Approve the application (REV-2)."""
        self.review = "approved"

    def reject(self) -> None:
        """Reject the application; the account is closed as well (REV-2)."""
        self.review = "rejected"

    def suspend(self, now: datetime) -> None:
        """Suspend the account, whatever its other steps (OPS-2)."""
        self.suspended_at = now

    def reinstate(self) -> None:
        """Lift the suspension; the status before it returns (OPS-2)."""
        self.suspended_at = None

    def revise(self, now: datetime) -> None:
        """Count a change of the profile (PRO-5)."""
        self.revision += 1
        self.updated_at = now

    def replace_email(self, email: str, now: datetime) -> str:
        """Replace the mailbox with a verified one; return the old one (PRO-2, PRO-3)."""
        old = self.email
        self.email = email
        self.pending_email = None
        self.mailbox_key = self.mailbox_key_for(self.email)
        self.revise(now)
        return old

    def set_password(self, password_hash: str) -> None:
        """Change the password. Device cookies are tied to the credential version, so older ones become void (SEC-3)."""
        self.former_hashes = [self.password_hash, *self.former_hashes][: REMEMBERED_PASSWORDS - 1]
        self.password_hash = password_hash
        self.credential_version += 1

    @property
    def personal_terms(self) -> tuple[str, ...]:
        """The values that a password must not contain (SEC-2)."""
        return tuple(getattr(self, name) for name in PERSONAL_FIELDS)

    @property
    def remembered_hashes(self) -> list[str]:
        """The hashes that a new password must not match, the current one first (SEC-2)."""
        return [self.password_hash, *self.former_hashes]

    def close(self, reason: ClosedReason, now: datetime) -> None:
        """Close for good: the name and the mailbox become free, and the password hashes are deleted (VER-7, REV-2)."""
        self.closed_at = now
        self.closed_reason = reason
        self.username_key = None
        self.mailbox_key = None
        self.pending_email = None
        self.password_hash, self.former_hashes = "", []

    def erase(self) -> None:
        """Delete the personal data of a closed account; its id and timestamps remain (OPS-6)."""
        self.username = self.name = self.mobile = self.email = ""
        self.tax_id = self.company_phone = self.company_name = self.company_address = ""
        self.updated_at = None
        self.credential_version += 1
        self.revision += 1


def has_lapsed(verified_at: datetime | None, opened_at: datetime, now: datetime) -> bool:
    """Return whether an account lapsed; checked at every use, before any cleanup runs (VER-7)."""
    return verified_at is None and now >= opened_at + UNVERIFIED_LIFETIME


def mailbox_key(kind: Kind, email: str, tax_id: str) -> str:
    """Return a unique key: a mailbox can have one link account, and one general account for each company."""
    return f"link:{email}" if kind == "link" else f"general:{tax_id}:{email}"

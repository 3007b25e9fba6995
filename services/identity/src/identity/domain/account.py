"""Accounts: general accounts of one user at one company, and link accounts, to which general accounts are bound."""

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
"""The statuses in which an operator may make each decision, by the decision's event (REV-2, OPS-2)."""

UNVERIFIED_LIFETIME = timedelta(days=7)
"""How long an account may stay unverified (VER-7)."""

REPEAT_WINDOW = timedelta(minutes=10)
"""Time after a registration during which an identical registration counts as its repeat (REG-13)."""

REMEMBERED_PASSWORDS = 3
"""Number of passwords, including the current one, that a new password must differ from (SEC-2)."""

PERSONAL_FIELDS = ("username", "name", "mobile", "email", "company_name", "tax_id")
"""Attributes of an account, and inputs of a registration, whose values a password must not contain (SEC-2)."""


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
    """A general or link account. `username_key` and `mailbox_key` are unique.

    Both keys are None after the account is closed, `mailbox_key` also before the mailbox is verified. `former_hashes`
    begin with the newest. `revision` counts changes of the profile (PRO-5), `sequence` the account's events.
    """

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
        """Return a new, unverified account. If `reviewed`, an operator must approve the account (REV-1)."""
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
        """The account's registration data, for comparison with a repeated registration (REG-13)."""
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
        if self.closed_at is not None:
            return "closed"
        if self.suspended_at is not None:
            return "suspended"
        if self.email_verified_at is None:
            return "email_unverified"
        return "awaiting_review" if self.review == "pending" else "active"

    def mailbox_key_for(self, email: str) -> str:
        return mailbox_key(self.kind, email, self.tax_id)

    def has_lapsed(self, now: datetime) -> bool:
        return has_lapsed(self.email_verified_at, self.created_at, now)

    def verify_email(self, now: datetime) -> None:
        """Mark the mailbox as verified and set its key. At the flush, the unique index refuses a key in use (REG-9)."""
        self.email_verified_at = now
        self.mailbox_key = self.mailbox_key_for(self.email)

    def approve(self) -> None:
        self.review = "approved"

    def reject(self) -> None:
        """Record the rejection. The caller also closes the account (REV-2)."""
        self.review = "rejected"

    def suspend(self, now: datetime) -> None:
        self.suspended_at = now

    def reinstate(self) -> None:
        self.suspended_at = None

    def revise(self, now: datetime) -> None:
        """Record a change of the profile; a concurrent change of the same revision is then refused (PRO-5)."""
        self.revision += 1
        self.updated_at = now

    def replace_email(self, email: str, now: datetime) -> str:
        """Set the verified mailbox `email`, and drop the pending change; return the previous mailbox (PRO-2)."""
        old = self.email
        self.email = email
        self.pending_email = None
        self.mailbox_key = self.mailbox_key_for(self.email)
        self.revise(now)
        return old

    def set_password(self, password_hash: str) -> None:
        """Replace the password. The new credential version invalidates the account's device cookies (SEC-3)."""
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
        """Close permanently. Username and mailbox become free; hashes and pending mailbox are deleted (VER-7)."""
        self.closed_at = now
        self.closed_reason = reason
        self.username_key = None
        self.mailbox_key = None
        self.pending_email = None
        self.password_hash, self.former_hashes = "", []

    def erase(self) -> None:
        """Delete the personal data of a closed account, and the time of its last change (OPS-6)."""
        self.username = self.name = self.mobile = self.email = ""
        self.tax_id = self.company_phone = self.company_name = self.company_address = ""
        self.updated_at = None
        self.credential_version += 1
        self.revision += 1


def has_lapsed(verified_at: datetime | None, opened_at: datetime, now: datetime) -> bool:
    """Return whether an account was not verified in time (VER-7). Callers check it, because cleanup may run later."""
    return verified_at is None and now >= opened_at + UNVERIFIED_LIFETIME


def mailbox_key(kind: Kind, email: str, tax_id: str) -> str:
    """Return the key by which a mailbox is unique: among link accounts, or general accounts of one tax id (REG-9)."""
    return f"link:{email}" if kind == "link" else f"general:{tax_id}:{email}"

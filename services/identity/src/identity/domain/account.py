"""An account: one user of one company, or the link account that ties several together."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from identity.domain.company import Company
from identity.domain.person import username_key

Kind = Literal["general", "link"]
Review = Literal["none", "pending", "approved", "rejected"]
Status = Literal["email_unverified", "awaiting_review", "active", "suspended", "closed"]
ClosedReason = Literal["lapsed", "rejected", "operator", "erased"]

UNVERIFIED_LIFETIME = timedelta(days=7)
"""VER-7."""

REPEAT_WINDOW = timedelta(minutes=10)
"""REG-13: how long the same registration, sent again, is taken for a repeat."""

REMEMBERED_PASSWORDS = 3
"""The passwords that a new one must differ from, including the current one (SEC-2)."""

PERSONAL_FIELDS = ("username", "name", "mobile", "email", "company_name", "tax_id")
"""SEC-2: what of its owner, or of who applies, a password must not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a person sends to register, already in the form it is kept (REG-2)."""

    kind: Kind
    username: str
    name: str
    mobile: str
    email: str
    company: Company


@dataclass(eq=False, kw_only=True)
class Account:
    """An account as it is kept. Unique keys are empty once it is closed, so that others may have them."""

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

    @classmethod
    def open(
        cls, registration: Registration, *, account_id: str, password_hash: str, reviewed: bool, now: datetime
    ) -> "Account":
        """Return a new, unverified account (REG-9); `reviewed` says whether an operator must approve it."""
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
        """What the account was opened with, to compare a repeat by (REG-13)."""
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
        """The one word others go by."""
        if self.closed_at is not None:
            return "closed"
        if self.suspended_at is not None:
            return "suspended"
        if self.email_verified_at is None:
            return "email_unverified"
        return "awaiting_review" if self.review == "pending" else "active"

    def mailbox_key_for(self, email: str) -> str:
        """Return the key under which a verified mailbox is unique (REG-9)."""
        return mailbox_key(self.kind, email, self.tax_id)

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether the account was not verified in time (VER-7)."""
        return has_lapsed(self.email_verified_at, self.created_at, now)

    def verify_email(self, now: datetime) -> None:
        """Take the mailbox as proven and claim it; the unique index has the last word."""
        self.email_verified_at = now
        self.mailbox_key = self.mailbox_key_for(self.email)

    def adopt_pending_email(self) -> str:
        """Put the proven new mailbox in place; return the old one (PRO-2)."""
        old = self.email
        self.email = self.pending_email or old
        self.pending_email = None
        self.mailbox_key = self.mailbox_key_for(self.email)
        self.revision += 1
        return old

    def set_password(self, password_hash: str) -> None:
        """Change the password; device cookies of the former one are void with its version (SEC-3)."""
        self.former_hashes = [self.password_hash, *self.former_hashes][: REMEMBERED_PASSWORDS - 1]
        self.password_hash = password_hash
        self.credential_version += 1

    @property
    def personal_terms(self) -> tuple[str, ...]:
        """What a password must not hold of its owner (SEC-2)."""
        return tuple(getattr(self, name) for name in PERSONAL_FIELDS)

    @property
    def remembered_hashes(self) -> list[str]:
        """The last three passwords' hashes, the present one first (SEC-2)."""
        return [self.password_hash, *self.former_hashes]

    def close(self, reason: ClosedReason, now: datetime) -> None:
        """Close for good: name and mailbox are free again, and no password opens it any more (VER-7, REV-2)."""
        self.closed_at = now
        self.closed_reason = reason
        self.username_key = None
        self.mailbox_key = None
        self.pending_email = None
        self.password_hash, self.former_hashes = "", []

    def erase(self) -> None:
        """Empty everything personal of a closed account; what is left is an identifier and when things were (OPS-6)."""
        self.username = self.name = self.mobile = self.email = ""
        self.tax_id = self.company_phone = self.company_name = self.company_address = ""
        self.credential_version += 1
        self.revision += 1


def has_lapsed(verified_at: datetime | None, opened_at: datetime, now: datetime) -> bool:
    """Judge at every use whether the mailbox was proven in time (VER-7)."""
    return verified_at is None and now >= opened_at + UNVERIFIED_LIFETIME


def mailbox_key(kind: Kind, email: str, tax_id: str) -> str:
    """Return what one mailbox may be verified for once: a link account, or a company's general account."""
    return f"link:{email}" if kind == "link" else f"general:{tax_id}:{email}"

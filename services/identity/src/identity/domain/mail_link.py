"""Mailed links and their server-side challenges (SEC-4)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from identity.domain.errors import LinkExpired, LinkSuperseded


class Purpose(StrEnum):
    """The purpose of a mailed link, on which the salt of its signature, its page and its lifetime depend."""

    REGISTRATION = "registration"
    EMAIL_CHANGE = "email_change"
    EMAIL_CANCEL = "email_cancel"
    EMAIL_RESTORE = "email_restore"
    """The challenge of an `EMAIL_CANCEL` link whose change took effect, kept when another change is requested."""
    PASSWORD_RESET = "password_reset"  # noqa: S105  # the name of a purpose

    @property
    def lifetime(self) -> timedelta:
        """How long a link is valid: one hour for a password reset, otherwise 24 hours (VER-2, LOGIN-8)."""
        return timedelta(hours=1) if self is Purpose.PASSWORD_RESET else timedelta(hours=24)

    @property
    def path(self) -> str:
        """The path of the link's page, below the public address."""
        return _PATHS[self]


_PATHS = {
    Purpose.REGISTRATION: "/email/verify",
    Purpose.EMAIL_CHANGE: "/email/change",
    Purpose.EMAIL_CANCEL: "/email/cancel",
    Purpose.EMAIL_RESTORE: "/email/cancel",
    Purpose.PASSWORD_RESET: "/password/reset",
}


@dataclass(eq=False, kw_only=True)
class Challenge:
    """The newest link of an account and purpose, with its recipient's mailbox; older links are invalid."""

    account_id: str
    purpose: str
    value: str
    email: str
    issued_at: datetime
    used_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + Purpose(self.purpose).lifetime

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at

    def is_of(self, value: str) -> bool:
        """Return whether `value` matches the challenge, in constant time."""
        return hmac.compare_digest(value.encode(), self.value.encode())

    def check(self, value: str, now: datetime) -> bool:
        """Validate a link's value, and return whether it was used before. Raises LinkSuperseded, LinkExpired."""
        if not self.is_of(value):
            raise LinkSuperseded
        if now >= self.expires_at:
            raise LinkExpired(self.purpose)
        return self.used_at is not None

"""Mails that are requested by events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from identity.domain.account import Account

NOTICE_LIFETIME = timedelta(days=7)
"""The lifetime of a notice without a link or code."""

LOST = "lost"
"""The category of a mail that was lost before the mailer handled it; the mailer sets all others (VER-6)."""


@dataclass(frozen=True, slots=True)
class MailRequest:
    """Recipient, expiry and template values of a mail. The repr omits the recipient and the content."""

    mailbox: str = field(repr=False)
    name: str = field(repr=False)
    expires_at: datetime
    content: Mapping[str, str] = field(repr=False)

    @classmethod
    def notice(cls, account: Account, now: datetime, **content: str) -> "MailRequest":
        """Return a notice to the account's own mailbox."""
        return cls(account.email, account.name, now + NOTICE_LIFETIME, {**names_of(account), **content})


def names_of(account: Account) -> dict[str, str]:
    """Return the template values that distinguish the accounts of one mailbox."""
    return {"username": account.username, "company": account.company_name}

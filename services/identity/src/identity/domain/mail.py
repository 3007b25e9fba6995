"""A mail that an event asks the mailer to send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from identity.domain.account import Account

NOTICE_LIFETIME = timedelta(days=7)
"""How long a notice without a link or code is worth sending."""

LOST = "lost"
"""The category of a mail that was lost before the mailer handled it; the others are the mailer's (VER-6)."""


@dataclass(frozen=True, slots=True)
class MailRequest:
    """Recipient, expiry, and the values for the mail's template. Its repr shows neither recipient nor content."""

    mailbox: str = field(repr=False)
    name: str = field(repr=False)
    expires_at: datetime
    content: Mapping[str, str] = field(repr=False)

    @classmethod
    def notice(cls, account: Account, now: datetime, **content: str) -> "MailRequest":
        """Return a notice to the account's own mailbox."""
        return cls(account.email, account.name, now + NOTICE_LIFETIME, {**names_of(account), **content})


def names_of(account: Account) -> dict[str, str]:
    """Return the template values that tell the accounts of one mailbox apart."""
    return {"username": account.username, "company": account.company_name}

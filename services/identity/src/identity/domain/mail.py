"""The mail that an event requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from identity.domain.account import Account

NOTICE_LIFETIME = timedelta(days=7)
"""How long a mail without a link or code may be sent."""

LOST = "lost"
"""The category of a mail that was lost before the mailer handled it; the mailer sets all others (VER-6)."""


@dataclass(frozen=True, slots=True)
class MailRequest:
    """Recipient, expiry and template values of a mail. `name` is the recipient's. The repr shows only the expiry."""

    mailbox: str = field(repr=False)
    name: str = field(repr=False)
    expires_at: datetime
    content: Mapping[str, str] = field(repr=False)

    @classmethod
    def notice(cls, account: Account, now: datetime, **content: str) -> "MailRequest":
        """Return a mail without a link or code to the account's own mailbox."""
        return cls(account.email, account.name, now + NOTICE_LIFETIME, {**names_of(account), **content})


def names_of(account: Account) -> dict[str, str]:
    """Return the template values that distinguish the accounts of one mailbox."""
    return {"username": account.username, "company": account.company_name}

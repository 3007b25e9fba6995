"""A mail with its texts (MAIL-2), and the states of a mail (MAIL-3 to MAIL-5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from mailer.domain.errors import UnsafeMailError
from mailer.domain.header_injection import reject_header_injection

if TYPE_CHECKING:
    from datetime import datetime

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAILBOX: Final = re.compile(r"[^\s<>@\"(),:;\\\[\]]+@[^\s<>@\"(),:;\\\[\]]+")


class State(StrEnum):
    """The state of a mail in the ledger; the last three are final."""

    CLAIMED = "claimed"
    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"


FINAL: Final = frozenset({State.SENT, State.REFUSED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with a display name. The constructor raises UnsafeMailError for an invalid address or unsafe name."""

    address: str
    name: str = ""

    def __post_init__(self) -> None:
        reject_header_injection("address", self.address)
        reject_header_injection("name", self.name)
        if not _MAILBOX.fullmatch(self.address):
            raise UnsafeMailError("address")

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def __repr__(self) -> str:
        return "Mailbox(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message with an HTML body and a text in `format=flowed; delsp=yes`; `repr` shows only the event id."""

    event_id: str
    to: Mailbox
    subject: str
    text: str
    html: str
    date: datetime

    def __post_init__(self) -> None:
        reject_header_injection("subject", self.subject)

    def __repr__(self) -> str:
        return f"Mail(event_id={self.event_id!r})"

    @property
    def token(self) -> str:
        """The event id in a form that is valid in a Message-ID; the same for every attempt (MAIL-2)."""
        if _SAFE_ID.fullmatch(self.event_id):
            return self.event_id
        return sha256(self.event_id.encode("utf-8", "surrogatepass")).hexdigest()


def ascii_domain(domain: str) -> str:
    """Return the domain in ASCII (IDNA), or unchanged if that fails, so that the mail server refuses it."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain

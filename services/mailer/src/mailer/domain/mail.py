"""One message ready to be written; its headers are safe by construction (MAIL-2, SEC-13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from mailer.domain.errors import UnsafeMailError

if TYPE_CHECKING:
    from datetime import datetime

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
# Control characters, line and paragraph separators, and what turns the reading direction around.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MAILBOX: Final = re.compile(r"[^\s<>@\"(),:;\\\[\]]+@[^\s<>@\"(),:;\\\[\]]+")
MAX_HEADER: Final = 998


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with the name that is shown; raises UnsafeMailError for what could break a header."""

    address: str
    name: str = ""

    def __post_init__(self) -> None:
        reject_unsafe("address", self.address)
        reject_unsafe("name", self.name)
        if not _MAILBOX.fullmatch(self.address):
            raise UnsafeMailError("address")

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]

    def __repr__(self) -> str:
        return "Mailbox(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message of two bodies that say the same; `repr` shows its event only."""

    event_id: str
    to: Mailbox
    subject: str
    text: str
    html: str
    date: datetime

    def __post_init__(self) -> None:
        reject_unsafe("subject", self.subject)

    def __repr__(self) -> str:
        return f"Mail(event_id={self.event_id!r})"

    @property
    def token(self) -> str:
        """The event's id as it may stand in a Message-ID: the same for every try (MAIL-2)."""
        if _SAFE_ID.fullmatch(self.event_id):
            return self.event_id
        return sha256(self.event_id.encode("utf-8", "surrogatepass")).hexdigest()


def ascii_domain(domain: str) -> str:
    """Return the domain by IDNA; as it is where that fails, for the mail server to refuse."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def mask_address(address: str) -> str:
    """Return the address as the portal shows it to others: one character and the domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def reject_unsafe(header: str, value: str) -> None:
    """Raise UnsafeMailError when the value could end or disguise a header line."""
    if len(value) > MAX_HEADER or _UNSAFE.search(value):
        raise UnsafeMailError(header)

"""A received mail and its parts."""

import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property

from tests.support.servers.format_flowed import unflowed

_LINK = re.compile(r"https?://[^\s<>\"]+\?token=[^\s<>\"]+")
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True)
class ReceivedMail:
    """An accepted mail; `arrived` is time.perf_counter() at its acceptance."""

    sender: str
    to: str
    raw: bytes
    arrived: float = field(default_factory=time.perf_counter)

    @cached_property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def headers(self) -> EmailMessage:
        """The headers, by case-insensitive name, e.g. `mail.headers["Message-ID"]`."""
        return self.message

    @property
    def event_id(self) -> str:
        """The id of the event that requested the mail (MAIL-2)."""
        return str(self.message["Message-ID"]).strip("<>").partition("@")[0]

    @cached_property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @cached_property
    def text(self) -> str:
        """The plain text body without soft line breaks, as shown by a mail reader."""
        return unflowed(self.flowed_text)

    @cached_property
    def flowed_text(self) -> str:
        """The plain text body as sent."""
        return self._body("plain")

    @cached_property
    def html(self) -> str:
        """The HTML body, or an empty text."""
        return self._body("html")

    @property
    def link(self) -> str:
        """The only link with a token in the plain text. Raises AssertionError for none or several."""
        return _only(_LINK.findall(self.text), what="link", mail=self)

    @property
    def token(self) -> str:
        return self.link.split("?token=", 1)[1]

    @property
    def code(self) -> str:
        """The only six-digit number in the plain text. Raises AssertionError for none or several."""
        return _only(_CODE.findall(self.text), what="code", mail=self)

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _only(found: list[str], *, what: str, mail: ReceivedMail) -> str:
    distinct = sorted(set(found))
    assert len(distinct) == 1, f"{len(distinct)} {what}s in 「{mail.subject}」:\n{mail.text}"
    return distinct[0]

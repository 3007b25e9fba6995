"""Builds a mail's bytes for SMTP: multipart/alternative in UTF-8 with folded RFC 2047 headers (MAIL-2).

email.message.EmailMessage is not used because it takes 1.3 ms of CPU instead of 0.1 ms, and building messages limits a
mailer's throughput. Bodies are base64, so no line is long and none begins with a dot. The tests parse every
message with the strict parser of the standard library.
"""

from __future__ import annotations

from binascii import b2a_base64
from email.utils import format_datetime, quote
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mailer.domain.mail import ascii_domain
from mailer.domain.taiwan_time import TAIWAN

if TYPE_CHECKING:
    from mailer.domain.mail import Mail, Mailbox

LINE: Final = 76
"""RFC 2047 allows 75 characters for an encoded word, and 76 for a line that contains one."""
NAME_LINE: Final = 78
"""As in RFC 5322, so that the default sender's name fits into one word: some readers show a space between words."""
MAX_PLAIN: Final = 60
_WORD: Final = "=?utf-8?B?{}?="
_TYPES: Final = {
    "plain": "text/plain; charset=utf-8; format=flowed; delsp=yes",
    "html": "text/html; charset=utf-8",
}


class MessageBuilder:
    """Builds messages. The headers that all mails share are formatted in advance."""

    def __init__(self, *, sender: Mailbox, reply_to: Mailbox | None = None) -> None:
        self._domain = ascii_domain(sender.domain)
        lines = ["MIME-Version: 1.0", header_mailbox("From", sender)]
        if reply_to:
            lines.append(header_mailbox("Reply-To", reply_to))
        lines += [
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "Content-Language: zh-TW",
        ]
        self._head = "\r\n".join(lines)

    def build(self, mail: Mail) -> bytes:
        """Return the complete message with CRLF line endings."""
        boundary = f"=_{mail.token}"  # "=_" cannot occur in base64
        head = (
            f"{self._head}\r\n"
            f"Date: {format_datetime(mail.date.astimezone(TAIWAN))}\r\n"
            f"Message-ID: <{mail.token}@{self._domain}>\r\n"
            f"{header_mailbox('To', mail.to)}\r\n"
            f"{_subject(mail.subject)}\r\n"
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
        )
        parts = (_part(boundary, "plain", mail.text), _part(boundary, "html", mail.html))
        return b"".join((head.encode(), *parts, f"--{boundary}--\r\n".encode()))


def header_mailbox(header: str, mailbox: Mailbox) -> str:
    """Return a header with an address, or with a name and, on a line of its own, the address in angle brackets."""
    address = ascii_address(mailbox.address)
    if not mailbox.name:
        return f"{header}: {address}"
    name = (
        f'"{quote(mailbox.name)}"'
        if _is_plain(mailbox.name)
        else encoded_words(header, mailbox.name, line=NAME_LINE)
    )
    return f"{header}: {name}\r\n <{address}>"


def encoded_words(header: str, text: str, *, line: int = LINE) -> str:
    """Return RFC 2047 encoded words of whole characters, one on each line.

    The first word is on the line of the header's name, because some mail readers misread a header that starts on its
    second line. The first line limits the length of every word.
    """
    max_bytes = (line - len(f"{header}: {_WORD}") + len("{}")) // 4 * 3
    words, word = [], b""
    for character in text:
        raw = character.encode()
        if len(word) + len(raw) > max_bytes:
            words.append(word)
            word = b""
        word += raw
    words.append(word)
    return "\r\n ".join(_WORD.format(b2a_base64(each, newline=False).decode()) for each in words)


def ascii_address(address: str) -> str:
    """Return the address with its domain in ASCII; the local part may still need SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


@lru_cache(maxsize=64)  # subjects are few and contain no personal data
def _subject(text: str) -> str:
    return f"Subject: {text if _is_plain(text) else encoded_words('Subject', text)}"


def _is_plain(text: str) -> bool:
    return text.isascii() and len(text) <= MAX_PLAIN and "=?" not in text


def _part(boundary: str, kind: str, text: str) -> bytes:
    encoded = b2a_base64(text.replace("\n", "\r\n").encode(), newline=False)
    lines = [encoded[start : start + LINE] for start in range(0, len(encoded), LINE)]
    head = f"--{boundary}\r\nContent-Type: {_TYPES[kind]}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + b"\r\n".join(lines) + b"\r\n"

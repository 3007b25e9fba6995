"""Removes mailboxes, links and codes from the text of a mail server's reply (SEC-9)."""

from __future__ import annotations

import re
from typing import Final

_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_URL = re.compile(r"(?i)\bhttps?://\S+|\S*token=\S+")
_NUMBER = re.compile(r"(?<!\d)\d{6}(?!\d)")
MAX_REPLY_TEXT: Final = 500


def redact_reply(reply_text: str) -> str:
    """Replace links, addresses, six-digit numbers and unprintable characters; cut the text to MAX_REPLY_TEXT."""
    text = _URL.sub("<link>", reply_text)
    text = _ADDRESS.sub("<address>", text)
    text = _NUMBER.sub("<number>", text)
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_REPLY_TEXT]

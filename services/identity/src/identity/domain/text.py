"""Lines of text that people type (SEC-13)."""

import re
import unicodedata

from identity.domain.errors import InvalidValue

_REFUSED_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control, format, surrogate, private and unassigned characters, line and paragraph separators."""
_WEB_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|\bwww\.|[a-z0-9]\.[a-z]{2,}[/:?#]|\S@\S")
"""What mail programs turn into a link; the mailer refuses to send the first two (SEC-9)."""


def parse_line(raw: str, *, min_length: int, max_length: int) -> str:
    """Return a line in NFC, trimmed, with inner white space collapsed; lengths are in characters.

    Raises InvalidValue (`control_character`, `required`, `too_short`, `too_long`).
    """
    if any(unicodedata.category(char) in _REFUSED_CATEGORIES for char in raw):
        raise InvalidValue("control_character")
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    if not text:
        raise InvalidValue("required")
    if len(text) < min_length:
        raise InvalidValue("too_short", min=min_length)
    if len(text) > max_length:
        raise InvalidValue("too_long", max=max_length)
    return text


def parse_proper_name(raw: str, *, min_length: int, max_length: int) -> str:
    """Return the name of a person or company; it appears in mails to others. Raises InvalidValue."""
    name = parse_line(raw, min_length=min_length, max_length=max_length)
    if _WEB_ADDRESS.search(to_half_width(name)):
        raise InvalidValue("web_address")
    return name


def to_half_width(raw: str) -> str:
    """Return the text with full-width characters, as Chinese keyboards produce them, replaced by ASCII."""
    return unicodedata.normalize("NFKC", raw).strip()


def has_surrogate(text: str) -> bool:
    """Return whether the text has a lone surrogate, which cannot be encoded."""
    return any("\ud800" <= char <= "\udfff" for char in text)

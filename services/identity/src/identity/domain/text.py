"""What counts as one line of text, for every field a person fills in (SEC-13)."""

import re
import unicodedata

from identity.domain.errors import InvalidValue

_REFUSED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that never belong in a line: controls, formats, surrogates, private, unassigned, separators."""
_WEB_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|\bwww\.|[a-z0-9]\.[a-z]{2,}[/:?#]|\S@\S")
"""What a mail reader turns into a link by itself; with the first two the mailer sends no mail at all (SEC-9)."""
_DOMAIN = re.compile(
    r"(?i)[a-z0-9]\.(?:com|net|org|info|biz|xyz|top|site|online|shop|club|vip|app|link|click|cc|io|me|tw|cn|hk)(?![a-z0-9])"
)
"""The same of a bare domain: companies are named so, people are not."""


def parse_line(raw: str, *, min_length: int, max_length: int) -> str:
    """Return `raw` NFC-normalised, trimmed, inner white space folded; length in characters.

    Raises InvalidValue (`control_character`, `too_short`, `too_long`, `required`).
    """
    if any(unicodedata.category(char) in _REFUSED for char in raw):
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
    """Return a person's or a company's name as one line, which mails to others may hold. Raises InvalidValue."""
    name = parse_line(raw, min_length=min_length, max_length=max_length)
    if _WEB_ADDRESS.search(to_half_width(name)):
        raise InvalidValue("web_address")
    return name


def parse_person_name(raw: str, *, min_length: int, max_length: int) -> str:
    """Return a person's name, by which mails from us address whoever owns the mailbox. Raises InvalidValue."""
    name = parse_proper_name(raw, min_length=min_length, max_length=max_length)
    if _DOMAIN.search(to_half_width(name)):
        raise InvalidValue("web_address", "person")
    return name


def to_half_width(raw: str) -> str:
    """Return full-width letters, digits and signs as their ASCII forms, as Chinese keyboards often give them."""
    return unicodedata.normalize("NFKC", raw).strip()


def has_surrogate(text: str) -> bool:
    """Tell whether the text holds a lone surrogate, which no encoder will write."""
    return any("\ud800" <= char <= "\udfff" for char in text)

"""Lines of text that people type (SEC-13)."""

import unicodedata

from identity.domain import characters
from identity.domain.errors import InvalidValue
from identity.domain.web_address import contains_web_address


def parse_line(raw: str, *, min_length: int, max_length: int) -> str:
    """Return a line in NFC, trimmed, with inner white space collapsed; lengths are in characters.

    Raises InvalidValue (`control_character`, `required`, `too_short`, `too_long`).
    """
    if characters.has_refused(raw):
        raise InvalidValue("control_character")
    text = " ".join(unicodedata.normalize("NFC", raw).split())
    if characters.shows_nothing(text):
        raise InvalidValue("required")
    if len(text) < min_length:
        raise InvalidValue("too_short", min=min_length)
    if len(text) > max_length:
        raise InvalidValue("too_long", max=max_length)
    return text


def parse_proper_name(raw: str, *, max_length: int) -> str:
    """Return a name of two or more characters; it must contain no web address. Raises InvalidValue."""
    name = parse_line(characters.fold_variants(raw), min_length=2, max_length=max_length)
    if contains_web_address(name):
        raise InvalidValue("web_address")
    return name

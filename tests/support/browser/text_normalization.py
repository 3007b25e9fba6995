"""Normalizes Chinese texts for comparison, because punctuation may be full width or half width."""

import html
import re
import unicodedata


def normalize(text: str) -> str:
    """Return the text in Unicode NFKC without white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def visible_text(page: str) -> str:
    """Return the normalized text of an HTML page, without tags."""
    return normalize(html.unescape(re.sub(r"<[^>]*>", "", page)))


_FULL_WIDTH_OFFSET = 0xFEE0


def text_pattern(text: str, *, whole: bool = False) -> re.Pattern[str]:
    """Return a pattern for the text with any width of punctuation and any line breaks."""
    found = r"\s*".join(_widths(character) for character in normalize(text))
    return re.compile(rf"^\s*{found}\s*$" if whole else found)


def _widths(character: str) -> str:
    if "!" <= character <= "~":
        return f"[{re.escape(character)}{chr(ord(character) + _FULL_WIDTH_OFFSET)}]"
    return re.escape(character)

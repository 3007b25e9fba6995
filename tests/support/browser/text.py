"""Chinese texts in the form that tests compare: the width of punctuation does not matter."""

import html
import re
import unicodedata


def normalize(text: str) -> str:
    """Return the text after Unicode NFKC, without white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def visible_text(page: str) -> str:
    """Return the words of an HTML text, as `normalize` has them."""
    return normalize(html.unescape(re.sub(r"<[^>]*>", "", page)))


_FULL_WIDTH = 0xFEE0


def text_pattern(text: str, *, whole: bool = False) -> re.Pattern[str]:
    """Return what finds the text in a page, however wide its punctuation and wherever its lines break."""
    found = r"\s*".join(_widths(character) for character in normalize(text))
    return re.compile(rf"^\s*{found}\s*$" if whole else found)


def _widths(character: str) -> str:
    if "!" <= character <= "~":
        return f"[{re.escape(character)}{chr(ord(character) + _FULL_WIDTH)}]"
    return re.escape(character)

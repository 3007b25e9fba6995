"""Chinese texts in the form that tests compare: the width of punctuation does not matter."""

import html
import re
import unicodedata


def normal(text: str) -> str:
    """Return the text after Unicode NFKC, without white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def shown(page: str) -> str:
    """Return the words of an HTML text, as `normal` has them."""
    return normal(html.unescape(re.sub(r"<[^>]*>", "", page)))


_FULL_WIDTH = 0xFEE0


def spelled(text: str, *, whole: bool = False) -> re.Pattern[str]:
    """Return what finds the text in a page, however wide its punctuation and wherever its lines break."""
    found = r"\s*".join(_widths(character) for character in normal(text))
    return re.compile(rf"^\s*{found}\s*$" if whole else found)


def _widths(character: str) -> str:
    if "!" <= character <= "~":
        return f"[{re.escape(character)}{chr(ord(character) + _FULL_WIDTH)}]"
    return re.escape(character)

"""The visible text of an HTML body, and text without white space, for comparison."""

import re
import unicodedata
from html.parser import HTMLParser

_SKIPPED = {"head", "style", "title"}


class _Visible(HTMLParser):
    """Collects visible text and list numbers, but no labels of buttons, which plain text does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden: list[str] = []
        self._items = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_hidden = "display:none" in (dict(attrs).get("style") or "")
        if tag in _SKIPPED or is_hidden or (tag == "a" and ("class", "button") in attrs):
            self._hidden.append(tag)
        elif tag == "li":
            self._items += 1
            self.texts.append(f"{self._items}.")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)


def visible(html: str) -> str:
    """Return the visible text of an HTML body."""
    parser = _Visible()
    parser.feed(html)
    return "".join(parser.texts)


def squeezed(text: str) -> str:
    """Return the text in NFKC without white space, for comparison."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))

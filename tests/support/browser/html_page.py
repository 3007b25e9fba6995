"""Forms and links of an HTML page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """The values of a form's inputs by name, and the number of its buttons."""

    action: str
    in_main: bool
    fields: dict[str, str] = field(default_factory=dict)
    buttons: int = 0


@dataclass
class Link:
    href: str
    in_main: bool
    text: str = ""


class HtmlPage(HTMLParser):
    """Parses a page; `in_main` marks the forms and links inside its main part."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self._in_main = self._in_link = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "main":
            self._in_main = True
        elif tag == "form":
            self.forms.append(Form(values.get("action", ""), self._in_main))
        elif tag == "input" and "name" in values and self.forms:
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons += 1
        elif tag == "a":
            self._in_link = True
            self.links.append(Link(values.get("href", ""), self._in_main))

    def handle_data(self, data: str) -> None:
        if self._in_link:
            self.links[-1].text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._in_main = False
        elif tag == "a":
            self._in_link = False

"""The pages behind a mail's link, as a browser without scripts sees them."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx

from tests.support.actors.people import Visitor
from tests.support.browser.text import normalize


class _Form(HTMLParser):
    """What the only form of a page's main part would send, its buttons, and where the links of that part lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.buttons = 0
        self.links: list[str] = []
        self._within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._within = self._within or tag == "main"
        if not self._within:
            return
        if tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "button":
            self.buttons += 1
        elif tag == "a":
            self.links.append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag != "main"


class Page:
    """One answer to a browser; `first` is what came before it was led on."""

    def __init__(self, browser: "PlainBrowser", answer: httpx.Response, first: httpx.Response) -> None:
        self.browser = browser
        self.first = first
        self._form = _Form(answer.text)
        self.answer = answer
        self.status = answer.status_code
        self.text = normalize(answer.text)

    @property
    def fields(self) -> dict[str, str]:
        """What the form holds, by name."""
        return self._form.fields

    @property
    def has_button(self) -> bool:
        """Whether there is something to press."""
        return self._form.buttons == 1

    @property
    def links(self) -> list[str]:
        """Where the page leads."""
        return self._form.links

    def reload(self) -> "Page":
        """Open the page's address again."""
        return self.browser.open(str(self.answer.url))

    def press(self, **filled: str) -> "Page":
        """Press the button, fields filled in; `csrf_token=""` sends another than the page's."""
        return self.browser.post(str(self.answer.url), {**self.fields, **filled})


class PlainBrowser:
    """A browser with cookies of its own, that opens mailed links on the test's server."""

    def __init__(self, visitor: Visitor) -> None:
        self._http = visitor.http

    def open(self, link: str) -> Page:
        """GET a link's path, whatever its host."""
        parts = urlsplit(link)
        return self._shown(self._http.get(f"{parts.path}?{parts.query}"))

    def post(self, url: str, fields: dict[str, str]) -> Page:
        """POST a form."""
        return self._shown(self._http.post(url, data=fields))

    def _shown(self, answer: httpx.Response) -> Page:
        """Go where the answer leads, as browsers do."""
        first = answer
        while answer.next_request is not None:
            answer = self._http.send(answer.next_request)
        return Page(self, answer, first)

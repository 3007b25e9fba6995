"""Pages as a browser without scripts sees them: those behind mailed links, and those of an account."""

from urllib.parse import urlsplit

import httpx

from tests.support.actors.people import Visitor
from tests.support.browser.html_page import HtmlPage
from tests.support.browser.text import normalize, visible_text

PROFILE = "/profile"


class Page:
    """One answer to a browser; `first` is what came before it was led on."""

    def __init__(self, browser: "PlainBrowser", answer: httpx.Response, first: httpx.Response) -> None:
        self.browser = browser
        self.first = first
        html = HtmlPage(answer.text)
        self._forms = [form for form in html.forms if form.in_main]
        self.links = [link.href for link in html.links if link.in_main]
        """Where the links of the main part lead."""
        self.answer = answer
        self.status = answer.status_code
        self.text = normalize(answer.text)

    @property
    def fields(self) -> dict[str, str]:
        """What the form holds, by name."""
        return {name: value for form in self._forms for name, value in form.fields.items()}

    @property
    def has_button(self) -> bool:
        """Whether there is something to press."""
        return sum(form.buttons for form in self._forms) == 1

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


class AccountPage:
    """A page of somebody who is logged in by API, whose session the browser's cookie is."""

    def __init__(self, visitor: Visitor, path: str = PROFILE) -> None:
        self._http = visitor.http
        self._http.cookies.set("session", str(visitor.token))
        self.answer = self._http.get(path)

    @property
    def text(self) -> str:
        """What the page says, normalised."""
        return visible_text(self.answer.text)

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        """What each form would send, by its address."""
        return {form.action: form.fields for form in HtmlPage(self.answer.text).forms}

    def send(self, action: str = PROFILE, **filled: str) -> httpx.Response:
        """Send a form of the page, fields filled in; afterwards the page is what was answered, or led to."""
        sent = self.forms[action] | filled
        answer = self._http.post(action, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
        self.answer = self._http.get(answer.headers["Location"]) if answer.is_redirect else answer
        return answer

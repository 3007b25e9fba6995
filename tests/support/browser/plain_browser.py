"""Pages of mailed links and of accounts, in a browser without scripts."""

from urllib.parse import urlsplit

import httpx

from tests.support.actors.people import Visitor
from tests.support.browser.html_page import HtmlPage
from tests.support.browser.text_normalization import normalize, visible_text

PROFILE = "/profile"


class Page:
    """The page after redirects; `first` is the first response."""

    def __init__(self, browser: "PlainBrowser", answer: httpx.Response, first: httpx.Response) -> None:
        self.browser = browser
        self.first = first
        html = HtmlPage(answer.text)
        self._forms = [form for form in html.forms if form.in_main]
        self.links = [link.href for link in html.links if link.in_main]
        """The links of the main part."""
        self.answer = answer
        self.status = answer.status_code
        self.text = normalize(answer.text)

    @property
    def fields(self) -> dict[str, str]:
        """The form's values by name."""
        return {name: value for form in self._forms for name, value in form.fields.items()}

    @property
    def has_button(self) -> bool:
        """Whether the page's forms have exactly one button in total."""
        return sum(form.buttons for form in self._forms) == 1

    def reload(self) -> "Page":
        """Open the page's URL again."""
        return self.browser.open(str(self.answer.url))

    def press(self, **filled: str) -> "Page":
        """Submit the form with changed fields, e.g. `csrf_token=""`."""
        return self.browser.post(str(self.answer.url), {**self.fields, **filled})


class PlainBrowser:
    """A browser with its own cookies that opens mailed links on the test's server."""

    def __init__(self, visitor: Visitor) -> None:
        self._http = visitor.http

    def open(self, link: str) -> Page:
        """GET a link's path from the test's server."""
        parts = urlsplit(link)
        return self._shown(self._http.get(f"{parts.path}?{parts.query}"))

    def post(self, url: str, fields: dict[str, str]) -> Page:
        """POST a form."""
        return self._shown(self._http.post(url, data=fields))

    def _shown(self, answer: httpx.Response) -> Page:
        """Follow redirects like a browser."""
        first = answer
        while answer.next_request is not None:
            answer = self._http.send(answer.next_request)
        return Page(self, answer, first)


class AccountPage:
    """A page opened with the session cookie of an API login."""

    def __init__(self, visitor: Visitor, path: str = PROFILE) -> None:
        self._http = visitor.http
        self._http.cookies.set("session", str(visitor.token))
        self.answer = self._http.get(path)

    @property
    def text(self) -> str:
        """The normalized text of the page."""
        return visible_text(self.answer.text)

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        """The values of each form, by its action."""
        return {form.action: form.fields for form in HtmlPage(self.answer.text).forms}

    def send(self, action: str = PROFILE, **filled: str) -> httpx.Response:
        """Submit a form with changed fields, and load the response, or the page to which it redirects."""
        sent = self.forms[action] | filled
        answer = self._http.post(action, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
        self.answer = self._http.get(answer.headers["Location"]) if answer.is_redirect else answer
        return answer

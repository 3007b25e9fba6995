"""A browser without JavaScript, for pages of mailed links and of accounts."""

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
        """The values of all forms in the main part, by name."""
        return {name: value for form in self._forms for name, value in form.fields.items()}

    @property
    def has_button(self) -> bool:
        """Whether the forms in the main part have exactly one button in total."""
        return sum(form.buttons for form in self._forms) == 1

    def reload(self) -> "Page":
        return self.browser.open(str(self.answer.url))

    def press(self, **filled: str) -> "Page":
        """POST the fields, with changes such as `csrf_token=""`, to the page's own URL."""
        return self.browser.post(str(self.answer.url), {**self.fields, **filled})


class PlainBrowser:
    """Opens pages with the cookies of `visitor`."""

    def __init__(self, visitor: Visitor) -> None:
        self._http = visitor.http

    def open(self, link: str) -> Page:
        """Open a link's path and query on the test's server, whatever its host."""
        parts = urlsplit(link)
        return self._shown(self._http.get(f"{parts.path}?{parts.query}"))

    def post(self, url: str, fields: dict[str, str]) -> Page:
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
        return visible_text(self.answer.text)

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        """The values of each form, by its action."""
        return {form.action: form.fields for form in HtmlPage(self.answer.text).forms}

    def send(self, action: str = PROFILE, **filled: str) -> httpx.Response:
        """Submit the form with this action; return the response, and load it or the page to which it redirects."""
        sent = self.forms[action] | filled
        answer = self._http.post(action, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
        self.answer = self._http.get(answer.headers["Location"]) if answer.is_redirect else answer
        return answer

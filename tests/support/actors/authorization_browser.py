"""A browser without scripts that a service sends to the authorization endpoint."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import Person, Visitor
from tests.support.browser.html_page import HtmlPage
from tests.support.browser.text_normalization import visible_text
from tests.support.harness.system import System

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The challenge of the verifier in RFC 7636, appendix B."""
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_MAX_STEPS = 5
_TICKS = re.compile(r'name="accepted" value="([^"]+)"')
_BUTTON = re.compile(r'<button[^>]*name="account"[^>]*value="([^"]+)"')


def query(client: str, **changes: str | None) -> dict[str, str]:
    """Return the parameters of a valid request; `changes` replace parameters, None removes a parameter."""
    whole = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": "a state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


@dataclass
class Journey:
    """The current position of a browser: at a page of identity, or back at the service with `answer`."""

    browser: "ServiceBrowser"
    response: httpx.Response
    answer: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the page."""
        return urlsplit(str(self.response.url)).path

    @property
    def text(self) -> str:
        """The visible text of the page."""
        return visible_text(self.response.text)

    @property
    def error(self) -> str | None:
        """The error that the service received."""
        return self.answer.get("error")

    @property
    def outcome(self) -> str:
        """`code` or the error that the service received, or the name of the current page."""
        if self.answer:
            return self.answer.get("error", "code")
        forms = {urlsplit(form.action).path.rpartition("/")[2] for form in HtmlPage(self.response.text).forms}
        known = (page for page in ("login", "company", "consent", "consents") if page in forms)
        return next(known, str(self.response.status_code))

    @property
    def choices(self) -> list[str]:
        """The accounts on the page, in order."""
        return _BUTTON.findall(self.response.text)

    def submit(self, ending: str, **filled: str | list[str]) -> "Journey":
        """Submit the form whose action ends with the path."""
        forms = {form.action: form.fields for form in HtmlPage(self.response.text).forms}
        (action,) = (each for each in forms if urlsplit(each).path.endswith(ending))
        sent = forms[action] | filled
        return self.browser.follow(self.browser.http.post(action, data=sent, headers=_SAME_ORIGIN))

    def reload(self) -> "Journey":
        """Load the page again."""
        return self.browser.follow(self.browser.http.get(str(self.response.url)))

    def accept_consents(self) -> "Journey":
        """Accept the texts of the first login."""
        return self.submit("/consents", accepted=_TICKS.findall(self.response.text))

    def log_in(self, person: Person) -> "Journey":
        """Log in on the login page."""
        return self.submit("/login", username=person.username, password=person.password)

    def choose(self, account_id: str) -> "Journey":
        """Choose an account in the list."""
        return self.submit("/company", account=account_id)

    def agree(self) -> "Journey":
        """Consent to the data that the service requests."""
        return self.submit("/consent")

    def cancel(self) -> "Journey":
        """Press 【取消】."""
        return self.submit("/cancel")


_SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class ServiceBrowser:
    """A browser with its own cookies; `visitor` may be logged in through the API."""

    def __init__(self, system: System, visitor: Visitor | None = None) -> None:
        self.visitor = visitor or system.visitor()
        self.http = self.visitor.http
        self.take_session()

    def take_session(self) -> None:
        """Set the browser's cookie to the session of the API login."""
        if self.visitor.token:
            self.http.cookies.set("session", self.visitor.token)

    def authorize(self, client: str, **changes: str | None) -> Journey:
        """Open the authorization endpoint, like a redirect from the service."""
        return self.open("/oauth/authorize", query(client, **changes))

    def open(self, path: str, parameters: dict[str, str] | None = None) -> Journey:
        """Open a page."""
        return self.follow(self.http.get(path, params=parameters))

    def follow(self, response: httpx.Response) -> Journey:
        """Follow redirects within identity."""
        for _ in range(_MAX_STEPS):
            if response.next_request is None:
                return Journey(self, response)
            url = urlsplit(response.headers["Location"])
            if url.netloc:
                return Journey(self, response, dict(parse_qsl(url.query)))
            response = self.http.send(response.next_request)
        raise AssertionError("endless redirects")

"""A browser without JavaScript that services redirect to the authorization endpoint."""

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
    """Return the parameters of a valid authorization request; `changes` replace or add parameters, None removes one."""
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
    """A browser at a page of identity, or redirected to the service: `answer` then has the redirect's parameters."""

    browser: "ServiceBrowser"
    response: httpx.Response
    answer: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return urlsplit(str(self.response.url)).path

    @property
    def text(self) -> str:
        return visible_text(self.response.text)

    @property
    def error(self) -> str | None:
        return self.answer.get("error")

    @property
    def outcome(self) -> str:
        """`code` or the error that the service received, otherwise the page: the name of its form or its status."""
        if self.answer:
            return self.answer.get("error", "code")
        forms = {urlsplit(form.action).path.rpartition("/")[2] for form in HtmlPage(self.response.text).forms}
        known = (page for page in ("login", "company", "consent", "consents") if page in forms)
        return next(known, str(self.response.status_code))

    @property
    def choices(self) -> list[str]:
        """The ids of the offered accounts, in the order of the page."""
        return _BUTTON.findall(self.response.text)

    def submit(self, ending: str, **filled: str | list[str]) -> "Journey":
        """Submit the only form whose action has this ending; `filled` replaces its values."""
        forms = {form.action: form.fields for form in HtmlPage(self.response.text).forms}
        (action,) = (each for each in forms if urlsplit(each).path.endswith(ending))
        sent = forms[action] | filled
        return self.browser.follow(self.browser.http.post(action, data=sent, headers=_SAME_ORIGIN))

    def reload(self) -> "Journey":
        return self.browser.follow(self.browser.http.get(str(self.response.url)))

    def accept_consents(self) -> "Journey":
        """Accept the consent texts (LOGIN-3)."""
        return self.submit("/consents", accepted=_TICKS.findall(self.response.text))

    def log_in(self, person: Person) -> "Journey":
        return self.submit("/login", username=person.username, password=person.password)

    def choose(self, account_id: str) -> "Journey":
        return self.submit("/company", account=account_id)

    def agree(self) -> "Journey":
        """Consent to the data that the service requests (OIDC-11)."""
        return self.submit("/consent")

    def cancel(self) -> "Journey":
        return self.submit("/cancel")


_SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class ServiceBrowser:
    """Uses the cookies of `visitor`, who may be logged in through the API."""

    def __init__(self, system: System, visitor: Visitor | None = None) -> None:
        self.visitor = visitor or system.visitor()
        self.http = self.visitor.http
        self.take_session()

    def take_session(self) -> None:
        """Set the session cookie to the token of the API login, if any."""
        if self.visitor.token:
            self.http.cookies.set("session", self.visitor.token)

    def authorize(self, client: str, **changes: str | None) -> Journey:
        """Open the authorization endpoint, like a redirect from the service."""
        return self.open("/oauth/authorize", query(client, **changes))

    def open(self, path: str, parameters: dict[str, str] | None = None) -> Journey:
        return self.follow(self.http.get(path, params=parameters))

    def follow(self, response: httpx.Response) -> Journey:
        """Follow redirects to a page, or to an absolute URL, which is not opened. Raises AssertionError after five."""
        for _ in range(_MAX_STEPS):
            if response.next_request is None:
                return Journey(self, response)
            url = urlsplit(response.headers["Location"])
            if url.netloc:
                return Journey(self, response, dict(parse_qsl(url.query)))
            response = self.http.send(response.next_request)
        raise AssertionError("endless redirects")

"""基本資料維護, or another page of an account, as a browser without scripts sees it: its forms, what is answered."""

from html.parser import HTMLParser

import httpx

from tests.support.actors.people import Visitor
from tests.support.browser.text import visible_text

PATH = "/profile"


class _Forms(HTMLParser):
    """What each form of a page would send, by its address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.by_action: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.by_action[given.get("action", "")] = {}
        elif tag == "input" and "name" in given:
            self._fields[given["name"]] = given.get("value", "")


class AccountPage:
    """A page of somebody who is logged in by API, whose session the browser's cookie is."""

    def __init__(self, visitor: Visitor, path: str = PATH) -> None:
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
        return _Forms(self.answer.text).by_action

    def send(self, action: str = PATH, **filled: str) -> httpx.Response:
        """Send a form of the page, fields filled in; afterwards the page is what was answered, or led to."""
        sent = self.forms[action] | filled
        answer = self._http.post(action, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
        self.answer = self._http.get(answer.headers["Location"]) if answer.is_redirect else answer
        return answer

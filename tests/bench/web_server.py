"""A running web server, and the requests that benchmarks send to it."""

import json
import secrets
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import httpx

from tests.bench.http_load import Request
from tests.bench.measured_process import Process
from tests.support.actors.people import PASSWORD, registration
from tests.support.browser.html_page import HtmlPage

SMALL = 200


class Web:
    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.api = f"{url}/api/v1"
        self.root = url

    def is_ready(self, path: str) -> bool:
        """Return whether a path is answered with a status below 500, with less CPU time than httpx would take."""
        connection = HTTPConnection(urlsplit(self.root).netloc, timeout=5)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR
        return False

    def logins(self, members: int = SMALL, *, first: int = 1) -> Request:
        """Return logins of the members `first` to `members`, in this order."""
        numbers = range(first, members + 1)
        bodies = [json.dumps({"username": f"Member{n}", "password": PASSWORD}) for n in numbers]
        return self._post("/sessions", bodies)

    def registrations(self, count: int) -> Request:
        """Return registrations of `count` new accounts. Requests beyond `count` repeat them and are refused."""
        run = secrets.token_hex(3)
        accounts = (registration(username=f"N{run}{n}", email=f"n{run}{n}@example.com") for n in range(count))
        return self._post("/accounts", [json.dumps(each) for each in accounts])

    def session(self) -> Request:
        """Log in as Member1; return `GET /session` with the token."""
        body = {"username": "Member1", "password": PASSWORD}
        answer = httpx.post(f"{self.api}/sessions", json=body, timeout=30).json()
        assert answer["next"] is None, answer
        return Request(url=f"{self.api}/session", headers={"Authorization": f"Bearer {answer['token']}"})

    def home_page(self) -> Request:
        """Log in to the portal as Member1; return the request for the home page with the browser's cookies."""
        with httpx.Client(base_url=self.root, follow_redirects=True, timeout=30) as browser:
            form = HtmlPage(browser.get("/").text).forms[0]
            page = browser.post(
                form.action, data={**form.fields, "username": "Member1", "password": PASSWORD}
            )
            assert "Member1" in page.text, page.text
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        return Request(url=str(page.url), headers={"Cookie": cookies})

    def _post(self, path: str, bodies: list[str]) -> Request:
        headers = {"Content-Type": "application/json"}
        return Request(url=f"{self.api}{path}", method="POST", headers=headers, bodies=bodies)

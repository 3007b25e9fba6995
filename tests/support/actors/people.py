"""People with unique data, and their HTTP client."""

import itertools
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

PASSWORD = "Harbour-Crane-77!"
TAX_IDS = ("04595257", "62140097", "00501508")
_numbers = itertools.count(1)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A shared context for plain HTTP, because httpx would create one per client, which takes 60 ms of CPU time."""


def unique() -> str:
    """Return a short text that is unique in this run."""
    return f"{os.getpid()}n{next(_numbers)}"


def registration(kind: str = "general", **changes: Any) -> dict[str, Any]:
    """Return the body of a registration; `changes` replace fields, `company={…}` fields of the company."""
    name = f"user{unique()}"
    company = {
        "tax_id": TAX_IDS[0],
        "phone": "02-12345678#12345",
        "name": "錢大明股份有限公司",
        "address": "804004高雄市鼓山區蓬萊路10號",
        **changes.pop("company", {}),
    }
    return {
        "kind": kind,
        "username": name,
        "name": "錢大明",
        "mobile": "0912345678",
        "email": f"{name}@example.com",
        "password": PASSWORD,
        "company": company,
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its owner's credentials."""

    id: str
    kind: str
    username: str
    email: str
    password: str = field(repr=False)
    tax_id: str = TAX_IDS[0]


class Visitor:
    """An API client or browser that stores cookies and, after a login, the token."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, verify=NO_TLS, trust_env=False)
        self.token: str | None = None

    def close(self) -> None:
        self.http.close()

    def request(self, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        """Send a request below /api/v1, with the session's token if any."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.http.request(method, f"/api/v1{path}", json=json, headers={**sent, **headers})

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, **headers)

    def post(self, path: str, json: Any = None, **headers: str) -> httpx.Response:
        return self.request("POST", path, json, **headers)

    def put(self, path: str, json: Any = None, **headers: str) -> httpx.Response:
        return self.request("PUT", path, json, **headers)

    def patch(self, path: str, json: Any = None, **headers: str) -> httpx.Response:
        return self.request("PATCH", path, json, **headers)

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.request("DELETE", path, **headers)

    def log_in(self, person: "Person", *, password: str | None = None) -> httpx.Response:
        """Log in; on success, store the token."""
        answer = self.post(
            "/sessions", {"username": person.username, "password": password or person.password}
        )
        self.keep_token(answer)
        return answer

    def keep_token(self, answer: httpx.Response) -> httpx.Response:
        """Store the token of an answer, if any."""
        if answer.is_success and answer.content:
            self.token = answer.json().get("token", self.token)
        return answer

    def accept_consents(self) -> httpx.Response:
        texts = self.get("/consents").json()["items"]
        accepted = [{"document": text["document"], "version": text["version"]} for text in texts]
        return self.post("/session/consents", {"accepted": accepted})

    def switch(self, binding_id: str) -> httpx.Response:
        return self.keep_token(self.post("/session/switch", {"binding_id": binding_id}))

    def switch_back(self) -> httpx.Response:
        return self.keep_token(self.delete("/session/switch"))


NewVisitor = Callable[[], Visitor]

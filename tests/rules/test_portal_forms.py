"""Every portal form is protected against forgery, double submission and late answers (SEC-8)."""

import re
from pathlib import Path

import httpx
import identity.http.portal
import pytest
from flask import Flask

from tests.support.actors.people import Visitor
from tests.support.harness.system import System

TEMPLATES = Path(identity.http.portal.__file__).parent / "templates" / "portal"
_ANY = {
    "binding_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    "session_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    "grant_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
    "request_id": "unknown",
}


def _form_paths(app: Flask) -> list[str]:
    """Return a path of every route of the portal that accepts a form."""
    values = {**_ANY, "kind": "link", "document": "hazard"}
    adapter = app.url_map.bind("127.0.0.1")
    return [
        adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method="POST")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("portal.") and "POST" in (rule.methods or ())
    ]


def _send(visitor: Visitor, path: str, **headers: str) -> httpx.Response:
    return visitor.http.post(path, data={"username": "x"}, headers=headers)


@pytest.mark.rule("SEC-8")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_form_without_csrf_token_is_refused_with_a_message(system: System, headers: dict[str, str]) -> None:
    visitor = system.logged_in(system.person("link"))
    visitor.http.cookies.set("session", visitor.token or "")

    answers = {path: _send(visitor, path, **headers) for path in _form_paths(system.app)}

    assert len(answers) >= 20
    # The message is on a page or after a redirect; the status is never a 5xx.
    assert {path: answer.status_code for path, answer in answers.items()}.items() <= {
        (path, status) for path in answers for status in (303, 400, 403)
    }
    assert visitor.get("/session").status_code == 200


@pytest.mark.rule("SEC-8", "REG-13")
def test_every_changing_form_is_submitted_once() -> None:
    forms = {
        (path.name, tag)
        for path in sorted(TEMPLATES.glob("*.html"))
        for tag in re.findall(
            r"<form\b[^>]*method=\"post\"[^>]*>", path.read_text().replace("%}", "").replace("{%", "")
        )
    }

    assert len(forms) >= 20
    sent_once = re.compile(r"\bdata-(once|in-place)\b")  # send_in_place.js sends one request at a time
    assert {(name, tag) for name, tag in forms if not sent_once.search(tag)} == set()


@pytest.mark.rule("SEC-7", "LOGIN-6")
def test_a_late_answer_to_a_replaced_token_changes_no_cookie(system: System) -> None:
    link, general = system.person("link"), system.person()
    visitor = system.logged_in(link)
    binding_id = system.bind_and_verify(visitor, general)
    former = visitor.token
    visitor.switch(binding_id)

    late = httpx.get(f"{system.url}/links", headers={"Cookie": f"session={former}"})

    assert late.status_code == 303
    assert late.headers.get_list("Set-Cookie") == []
    assert visitor.get("/session").status_code == 200


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_locked_login_sends_retry_after(system: System) -> None:
    person = system.person()
    for _ in range(6):
        system.visitor().log_in(person, password="wrong")
    browser = system.visitor().http
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/").text)[0]

    refused = browser.post(
        "/", data={"username": person.username, "password": person.password, "csrf_token": csrf}
    )

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900

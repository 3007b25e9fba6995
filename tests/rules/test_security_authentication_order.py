"""Requests are authenticated before the body is read (SEC-13, LOGIN-6)."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.actors.people import Visitor
from tests.support.harness.system import System

WRONG_BODIES = {
    "unknown fields": (b'{"nonsense": 1}', "application/json"),
    "no JSON": (b"{", "application/json"),
    "no object": (b"[]", "application/json"),
    "deep": (b"[" * 30_000, "application/json"),
    "a form": (b"a=b", "application/x-www-form-urlencoded"),
    "nothing": (b"", ""),
}


PLACEHOLDER = re.compile(r"{\w+}")
ADMIN = "/api/v1/admin/"


def _calls(system: System, *, authenticated: bool) -> Iterator[tuple[str, str]]:
    """Yield method and path of each documented call with a body that requires authentication, or that does not."""
    document = system.visitor().http.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "requestBody" not in operation:
                continue
            if bool(operation["security"]) is authenticated:
                yield method.upper(), PLACEHOLDER.sub(lambda _: str(uuid4()), path)


def _send(visitor: Visitor, call: tuple[str, str], body: bytes, content_type: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {visitor.token}"} if visitor.token else {}
    headers |= {"Content-Type": content_type} if content_type else {}
    answer = visitor.http.request(*call, content=body, headers=headers)
    return answer.status_code, answer.json()["code"]


@pytest.mark.rule("SEC-13", "LOGIN-6")
@pytest.mark.parametrize("wrong", WRONG_BODIES)
def test_without_a_session_the_answer_is_401_for_any_body(system: System, wrong: str) -> None:
    ended = system.logged_in(system.person())
    ended.delete("/session")
    calls = list(_calls(system, authenticated=True))

    answers = {
        (call, visitor.token is None): _send(visitor, call, *WRONG_BODIES[wrong])
        for call in calls
        for visitor in (system.visitor(), ended)
    }

    of_services = {call for call in calls if call[1].startswith(ADMIN)}
    assert len(of_services) >= 6
    assert len(calls) - len(of_services) >= 6
    for (call, _), answer in answers.items():
        assert answer == (401, "bad_client" if call in of_services else "not_signed_in"), call


@pytest.mark.rule("SEC-13", "REG-11")
def test_public_calls_report_body_errors(system: System) -> None:
    calls = list(_calls(system, authenticated=False))

    answers = {call: _send(system.visitor(), call, *WRONG_BODIES["unknown fields"]) for call in calls}

    assert len(calls) >= 5
    assert set(answers.values()) == {(422, "invalid_input")}, answers


@pytest.mark.rule("SEC-13", "BIND-2", "SW-4")
def test_authorization_is_checked_before_the_body(system: System) -> None:
    general, link = system.logged_in(person := system.person()), system.logged_in(system.person("link"))
    link.switch(system.bind_and_verify(link, person))

    of_the_other_kind = general.post("/bindings", {"nonsense": 1})
    while_switched = [
        link.request(method, path, {"nonsense": 1})
        for method, path in [("POST", "/bindings"), ("PATCH", "/account"), ("PUT", "/account/password")]
    ]

    assert of_the_other_kind.json()["code"] == "wrong_kind"
    assert {answer.json()["code"] for answer in while_switched} == {"while_switched"}

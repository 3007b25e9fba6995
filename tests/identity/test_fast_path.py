"""The fast path answers byte for byte like Flask, and leaves unusual requests to Flask."""

from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request, request_started
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.support.actors.oidc_clients import issue_token, open_grant, register_oidc_client
from tests.support.actors.people import Visitor
from tests.support.actors.service_clients import Service
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

Response = tuple[str, list[tuple[str, str]], bytes]
FORM = "application/x-www-form-urlencoded"


class Both:
    """Sends each request through the fast path, and directly to Flask."""

    def __init__(self, system: System) -> None:
        self._app = system.app

    def ask(self, method: str, path: str, **options: Any) -> tuple[Response, Response]:
        return self._answer(self._app, method, path, options), self._answer(
            lambda *arguments: Flask.wsgi_app(self._app, *arguments), method, path, options
        )

    def _answer(self, app: Any, method: str, path: str, options: dict[str, Any]) -> Response:
        environ = EnvironBuilder(path, PUBLIC_URL, method=method, **options).get_environ()
        body, status, headers = run_wsgi_app(app, environ, buffered=True)
        return status, _without_id(headers), b"".join(body)


def _without_id(headers: Headers) -> list[tuple[str, str]]:
    return [(name, "id" if name == "X-Request-ID" else value) for name, value in headers.items()]


@pytest.fixture
def both(system: System) -> Both:
    return Both(system)


def bearer(visitor: Visitor) -> dict[str, str]:
    return {"Authorization": f"Bearer {visitor.token}"}


@pytest.mark.rule("LOGIN-7")
def test_the_answer_about_a_session_equals_flasks(system: System, both: Both) -> None:
    link, general, unverified = system.person("link"), system.person(), system.visitor()
    acting = system.logged_in(link)
    binding_id = system.bind_and_verify(acting, general)
    switched, own = system.logged_in(link), system.logged_in(general)
    switched.switch(binding_id)
    consenting = system.visitor()
    consenting.log_in(system.person())
    unverified.log_in(system.register())

    answers = [
        both.ask("GET", "/api/v1/session", headers=bearer(visitor))
        for visitor in (acting, own, switched, consenting, unverified)
    ]

    assert [fast for fast, _ in answers] == [flask for _, flask in answers]
    assert [fast[0] for fast, _ in answers] == ["200 OK"] * 5
    assert len({fast[2] for fast, _ in answers}) == 5


@pytest.mark.rule("LOGIN-7", "SEC-8")
def test_unusual_requests_for_a_session_are_left_to_flask(system: System, both: Both) -> None:
    visitor = system.logged_in(system.person())
    cookie = {"Cookie": f"session={visitor.token}"}
    headers = [
        {}, cookie, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer " + "x" * 200},
        {"Authorization": "Basic eDp5"}, {**bearer(visitor), "X-Request-ID": "mine"},
        {"Authorization": f"bEARER {visitor.token}"}, {**bearer(visitor), "Host": "elsewhere.example"},
    ]  # fmt: skip

    answers = [both.ask("GET", "/api/v1/session", headers=each) for each in headers]
    others = [both.ask(method, "/api/v1/session", headers=bearer(visitor)) for method in ("HEAD", "PUT")]

    assert [fast for fast, _ in answers + others] == [flask for _, flask in answers + others]
    assert [fast[0][:3] for fast, _ in answers[:6]] == ["401", "200", "401", "401", "401", "200"]


@pytest.mark.rule("OIDC-20")
def test_the_answer_to_introspection_equals_flasks(system: System, both: Both) -> None:
    service, link = register_oidc_client(system, "tokens:introspect"), system.person("link")
    general = system.person()
    grants = [
        open_grant(system, service.name, general),
        open_grant(system, service.name, link, general=general),
    ]
    tokens = [issue_token(system, grant, service.name, scopes=["openid", "actor"]) for grant in grants]

    answers = [introspect(both, service, token=token) for token in (*tokens, "unknown")]

    assert [fast for fast, _ in answers] == [flask for _, flask in answers]
    assert [b'"active":true' in fast[2] for fast, _ in answers] == [True, True, False]


@pytest.mark.rule("OIDC-20", "OIDC-18")
def test_unusual_introspection_requests_are_left_to_flask(system: System, both: Both) -> None:
    service, without_right = register_oidc_client(system, "tokens:introspect"), register_oidc_client(system)
    wrong = {"Authorization": "Basic d3Jvbmc6c2VjcmV0"}

    answers = [
        introspect(both, service, token="x", client_id=service.name),
        introspect(both, service, token="x", client_secret="y"),
        introspect(both, service),
        introspect(both, service, token=""),
        introspect(both, service, wrong, token="x"),
        introspect(both, service, {"Authorization": ""}, token="x"),
        introspect(both, service, {"Content-Type": f"{FORM}; charset=utf-8"}, token="x"),
        introspect(both, service, {"Content-Type": "application/json"}, token="x"),
        introspect(both, without_right, token="x"),
    ]

    assert [fast for fast, _ in answers] == [flask for _, flask in answers]
    statuses = [fast[0][:3] for fast, _ in answers]
    assert statuses == ["200", "400", "400", "400", "401", "401", "200", "415", "200"]


def introspect(
    both: Both, service: Service, headers: dict[str, str] | None = None, **form: str
) -> tuple[Response, Response]:
    sent = {"Authorization": service.basic, "Content-Type": FORM, **(headers or {})}
    return both.ask("POST", "/oauth/introspect", headers=sent, data=urlencode(form).encode())


@pytest.mark.rule("OIDC-27")
def test_frequent_requests_do_not_reach_flask(system: System, both: Both) -> None:
    visitor, service = system.logged_in(system.person()), register_oidc_client(system, "tokens:introspect")
    reached: list[str] = []

    with request_started.connected_to(lambda _app: reached.append(request.path), system.app):
        both.ask("GET", "/api/v1/session", headers=bearer(visitor))
        both.ask("GET", "/.well-known/jwks.json")
        introspect(both, service, token="x")

    assert reached == [
        "/api/v1/session",
        "/.well-known/jwks.json",
        "/oauth/introspect",
    ]  # only the requests that were sent directly to Flask


@pytest.mark.rule("SEC-13")
def test_an_unavailable_database_is_queried_once(system: System, both: Both) -> None:
    visitor, queries = system.logged_in(system.person()), []

    def fail(*arguments: Any) -> None:
        queries.append(arguments[2])
        raise OperationalError("", None, Exception())

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        fast, flask = both.ask("GET", "/api/v1/session", headers=bearer(visitor))
    finally:
        event.remove(Engine, "before_cursor_execute", fail)

    assert fast == flask
    assert (fast[0][:3], len(queries)) == ("503", 2)  # one query on the fast path, one in Flask

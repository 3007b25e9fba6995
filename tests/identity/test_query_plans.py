"""With many rows, PostgreSQL uses an index in every query of frequent requests and of the relay."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_code, open_grant, register_oidc_client
from tests.support.actors.people import PASSWORD
from tests.support.actors.service_clients import service_visitor
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System
from tests.support.servers.bulk_data import fill_tables

_FEW_ROWS = frozenset({"outbox_epoch", "clients", "oidc_clients"})
"""Tables that stay so small that an index is not faster."""


@pytest.fixture
def crowded(start_system_on_postgresql: StartSystem) -> System:
    """An installation with many rows and fresh statistics."""
    system = start_system_on_postgresql()
    fill_tables(system.engine)
    return system


@contextmanager
def recorded() -> Iterator[dict[str, Any]]:
    """Record the statements of all engines with the parameters of their first execution."""
    statements: dict[str, Any] = {}

    def keep(*arguments: Any) -> None:
        _connection, _cursor, statement, parameters, _context, many = arguments
        statements.setdefault(statement, parameters[0] if many else parameters)

    event.listen(Engine, "before_cursor_execute", keep)  # on the engines of all processes
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


def _whole_way(system: System) -> None:
    """Make every frequent request once."""
    general, other, holder = (
        system.person(),
        system.person(company={"tax_id": "62140097"}),
        system.person("link"),
    )
    link = system.logged_in(holder)
    binding_id = system.bind_and_verify(link, general)
    link.get("/bindings")
    link.switch(binding_id)
    link.get("/session")
    link.get("/account")
    link.switch_back()
    own = system.logged_in(general)
    own.get("/sessions")
    own.get("/account/binding")
    own.patch("/account", {"mobile": "0987654321"}, **{"If-Match": own.get("/account").headers["ETag"]})
    own.put("/account/password", {"current": PASSWORD, "new": "Lantern-Quay-31!", "end_binding": True})
    own.delete("/sessions")
    own.delete("/session")
    link.delete(f"/bindings/{binding_id}")
    unverified = system.visitor()
    unverified.log_in(system.register())
    unverified.get("/session")
    system.clock.advance(minutes=2)
    unverified.post("/email-verifications")
    system.visitor().post("/password-resets", {"username": other.username, "email": other.email})
    system.mail(other.email, "密碼")
    system.relay.receive(block_ms=2000)
    service = service_visitor(system, "events:read")
    service.get("/events?after=2000")
    service.get("/snapshot?limit=1000")
    with system.app.app_context():
        system.ports.feed.stats()
    _port_service(system)


def _port_service(system: System) -> None:
    """Let a port service log a person in, introspect the token, and receive the logout after the binding's end."""
    client = register_oidc_client(
        system, "tokens:introspect", may_refresh=True, backchannel_uri="https://pass.example/logout"
    )
    service, link, general = OAuthCaller(system, client), system.person("link"), system.person()
    code = issue_code(system, open_grant(system, client.name, link, general=general))
    issued = service.redeem(code).json()
    issued = service.refresh(issued["refresh_token"]).json()
    assert service.is_active(issued["access_token"])
    service.post("/oauth/revoke", token=issued["access_token"])
    system.logged_in(link).get("/sessions")
    system.logged_in(general).delete("/account/binding")
    due = "SELECT id FROM logouts WHERE done_at IS NULL AND due_at <= :now"
    assert len(system.rows(due, now=system.clock.now())) == 1


def _scans(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] not in _FEW_ROWS:
        yield str(plan["Relation Name"])
    for inner in plan.get("Plans", []):
        yield from _scans(inner)


def _plan(system: System, statement: str, parameters: Any) -> dict[str, Any]:
    with system.engine.connect() as connection:
        explained = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    plan: dict[str, Any] = (json.loads(explained) if isinstance(explained, str) else explained)[0]["Plan"]
    return plan


def test_every_query_of_a_request_and_of_the_relay_uses_an_index(crowded: System) -> None:
    with recorded() as statements:
        _whole_way(crowded)

    queries = {
        statement: parameters
        for statement, parameters in statements.items()
        if statement.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"))
        and " FROM pg_" not in statement
    }
    scanned = {
        statement: found
        for statement, parameters in queries.items()
        if (found := list(_scans(_plan(crowded, statement, parameters))))
    }
    assert scanned == {}
    assert len(queries) > 25

"""The audit log records refused services and people, and reads by operators (SEC-11)."""

import json
from typing import Any

import pytest

from tests.support.actors.service_clients import Service, add_service, admin_client, service_visitor
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System


def details(system: System, action: str) -> list[dict[str, Any]]:
    """Return the details of the rows, without the flag that a service asserted the operator's name."""
    found = [json.loads(row.detail) for row in system.audit(action)]
    return [{name: value for name, value in each.items() if name != "asserted"} for each in found]


@pytest.mark.rule("SEC-11", "SEC-12")
def test_wrong_service_secrets_are_recorded_once_a_minute_without_the_secret(system: System) -> None:
    service, old = add_service(system, "events:read"), add_service(system, "events:read")
    invoke(system, "clients", "rotate", old.name, "--overlap", "0")

    for wrong in (Service(service.name, "Guess-1"), Service(service.name, "Guess-2"), old):
        for _ in range(2):
            system.visitor().get("/events", Authorization=wrong.basic)
    system.clock.advance(minutes=1)
    system.visitor().get("/snapshot", Authorization="Bearer Guess-3")

    rows = system.audit("client.refused")
    assert [(row.actor_kind, row.actor) for row in rows] == [
        ("service", ""), ("service", old.name), ("service", ""),
    ]  # fmt: skip
    assert {(row.result, row.address) for row in rows} == {("refused", "127.0.0.1")}
    assert {each["why"] for each in details(system, "client.refused")} == {"bad_client"}
    assert "Guess" not in str(rows)


@pytest.mark.rule("SEC-11", "SEC-12")
def test_a_service_without_the_scope_or_without_an_operator_is_recorded(system: System) -> None:
    reader, admin = service_visitor(system, "events:read"), service_visitor(system, "accounts:admin")

    for _ in range(2):
        reader.get("/admin/accounts", **{"X-Operator": "lin"})
        admin.get("/admin/accounts")
        admin.get("/events")

    assert details(system, "client.refused") == [
        {"why": "right_missing", "right": "accounts:admin"},
        {"why": "operator_missing"},
        {"why": "right_missing", "right": "events:read"},
    ]
    assert all(row.actor.startswith("service-") for row in system.audit("client.refused"))


@pytest.mark.rule("SEC-11", "SW-4")
def test_a_persons_forbidden_requests_are_recorded_once_a_minute(system: System) -> None:
    holder, general = system.person("link"), system.person()
    link, own = system.logged_in(holder), system.logged_in(general)
    binding = system.bind_and_verify(link, general)
    page = system.visitor()
    page.http.cookies.set("session", str(own.token))
    link.switch(binding)

    for _ in range(2):
        own.get("/bindings")
        link.put("/account/password", {"current": "x", "new": "y"})
        page.delete("/session", **{"Sec-Fetch-Site": "cross-site"})

    found = [(row.account_id, json.loads(row.detail)) for row in system.audit("request.refused")]
    assert found == [
        (general.id, {"why": "wrong_kind", "route": "/api/v1/bindings"}),
        (general.id, {"why": "while_switched", "route": "/api/v1/account/password"}),
        (None, {"why": "foreign_origin", "route": "/api/v1/session"}),
    ]
    (_, switched, _) = system.audit("request.refused")
    assert (switched.actor, switched.link_account_id) == (holder.id, holder.id)


@pytest.mark.rule("SEC-11", "OPS-1")
def test_operators_reads_by_a_service_are_recorded(system: System) -> None:
    person, admin = system.person(), admin_client(system)
    account = f"/admin/accounts/{person.id}"

    for _ in range(2):
        for path in (
            f"/admin/accounts?mailbox={person.email}",
            "/admin/accounts?name=nobody&limit=5",
            account,
        ):
            assert admin.get(path).status_code == 200
        for path in (f"{account}/bindings", f"{account}/sessions", f"{account}/history", "/admin/audit"):
            assert admin.get(path).status_code == 200

    assert details(system, "account.searched") == [{"criteria": ["mailbox"]}, {"criteria": ["name"]}]
    assert [each.get("part") for each in details(system, "account.read")] == [None, "bindings", "sessions"]
    assert [row.account_id for row in system.audit("account.read")] == [person.id] * 3
    assert [row.account_id for row in system.audit("audit.read")] == [person.id, None]
    assert {(row.actor, row.actor_kind) for row in system.audit("account.read")} == {("林小姐", "operator")}
    assert all(json.loads(row.detail)["asserted"] is True for row in system.audit("account.read"))
    assert person.email not in str(system.audit())


@pytest.mark.rule("SEC-11", "OPS-1")
def test_operators_reads_by_command_are_recorded(system: System) -> None:
    person = system.register()
    system.publish()
    event = json_output(invoke(system, "events", "list", "--json"))[0]["event_id"]

    for command in (
        ("accounts", "list", "--tax-id", "24536807"),
        ("accounts", "show", person.username),
        ("accounts", "history", person.username),
        ("sessions", "list", person.username),
        ("bindings", "list", person.username),
        ("audit", "list", "--operator", "chen"),
        ("events", "show", event),
        ("events", "replay", "--after", "1", "--operator", "chen"),
    ):
        ended = invoke(system, *command, IDENTITY_OPERATOR="chen")
        assert ended.exit_code == 0, ended.output

    reads = ("account.searched", "account.read", "audit.read", "events.read", "events.replayed")
    rows = [row for row in system.audit() if row.action in reads]
    assert [(row.action, row.account_id) for row in rows if row.actor == "chen"] == [
        ("account.searched", None),
        ("account.read", person.id),
        ("audit.read", person.id),
        ("account.read", person.id),
        ("account.read", person.id),
        ("audit.read", None),
        ("events.read", person.id),
        ("events.replayed", None),
    ]
    assert "24536807" not in str(system.audit())


@pytest.mark.rule("SEC-11")
def test_a_change_by_an_operator_is_not_recorded_as_a_read_too(system: System) -> None:
    person, admin = system.person(), admin_client(system)

    admin.act(person, "suspend")

    assert system.audit("account.read") == []

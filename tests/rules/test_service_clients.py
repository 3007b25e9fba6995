"""Services have secrets, rotated by command, and named rights (SEC-12)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.actors.service_clients import Service, add_service, service_visitor
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

FEED = "/events"


def _status(system: System, secret: str, **headers: str) -> int:
    visitor = system.visitor()
    visitor.token = secret
    return visitor.get(FEED, **headers).status_code


def _operate(system: System, *arguments: str) -> Any:
    return json_output(invoke(system, "clients", *arguments, "--json"))


@pytest.mark.rule("SEC-12")
def test_a_service_authenticates_by_basic_or_bearer(system: System) -> None:
    service = add_service(system, "events:read")

    by_basic = system.visitor().get(FEED, Authorization=service.basic)
    by_bearer = system.visitor().get(FEED, Authorization=f"Bearer {service.secret}")

    assert (by_basic.status_code, by_bearer.status_code) == (200, 200)


@pytest.mark.rule("SEC-12")
def test_an_unauthenticated_caller_gets_a_challenge_header(system: System) -> None:
    service, other = add_service(system, "events:read"), add_service(system, "events:read")
    crossed = Service(other.name, service.secret).basic
    headers = [
        "",
        "Bearer made-up",
        "Basic !!",
        crossed,
        f"Bearer {'x' * 600}",
        "Digest a=b",
        f"Bearer {service.name}",
    ]

    answers = [system.visitor().get(FEED, Authorization=header) for header in headers]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "bad_client")}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Basic realm="identity", Bearer'}


@pytest.mark.rule("SEC-12")
def test_sessions_give_no_access_to_service_calls_nor_client_secrets_to_personal_calls(
    system: System,
) -> None:
    person, service = (
        system.logged_in(system.person()),
        service_visitor(system, *("events:read", "accounts:admin")),
    )
    browser = system.visitor()
    browser.http.cookies.set("session", person.token or "")

    answers = [person.get(FEED), browser.get(FEED), service.get("/session"), service.get("/account")]

    codes = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert codes == [(401, "bad_client")] * 2 + [(401, "not_signed_in")] * 2


@pytest.mark.rule("SEC-12")
def test_a_service_without_the_scope_is_refused_until_a_command_grants_it(system: System) -> None:
    service = add_service(system, "tokens:introspect")

    without = system.visitor().get(FEED, Authorization=service.basic)
    _operate(system, "rights", service.name, "--right", "events:read")
    with_it = system.visitor().get(FEED, Authorization=service.basic)

    assert (without.status_code, without.json()["code"], without.json()["right"]) == (
        403,
        "right_missing",
        "events:read",
    )
    assert with_it.status_code == 200


@pytest.mark.rule("SEC-12")
def test_during_a_rotation_both_secrets_work_until_the_old_secret_expires(system: System) -> None:
    service = add_service(system, "events:read")

    new = _operate(system, "rotate", service.name, "--overlap", "2h")["secret"]
    both = [_status(system, secret) for secret in (service.secret, new)]
    system.clock.advance(hours=2)
    later = [_status(system, secret) for secret in (service.secret, new)]

    assert (both, later) == ([200, 200], [401, 200])


@pytest.mark.rule("SEC-12")
def test_the_old_secret_can_be_ended_by_command_and_a_third_never_exists(system: System) -> None:
    service = add_service(system, "events:read")
    new = _operate(system, "rotate", service.name)["secret"]

    third = invoke(system, "clients", "rotate", service.name)
    _operate(system, "rotate", service.name, "--end-old")
    ended = [_status(system, secret) for secret in (service.secret, new)]

    assert (third.exit_code, "still valid" in third.output) == (1, True)
    assert ended == [401, 200]


@pytest.mark.rule("SEC-12")
def test_a_revoked_client_is_refused_and_its_name_is_never_reused(system: System) -> None:
    service = add_service(system, "events:read")
    _operate(system, "revoke", service.name)

    again = invoke(system, "clients", "add", service.name, "--right", "events:read")
    rotated = invoke(system, "clients", "rotate", service.name)

    assert _status(system, service.secret) == 401
    assert (again.exit_code, rotated.exit_code) == (1, 1)


@pytest.mark.rule("SEC-12")
def test_a_secret_is_256_bits_shown_once_and_stored_only_as_a_digest(system: System) -> None:
    service = add_service(system, "events:read", "accounts:admin")

    (listed,) = _operate(system, "list")
    stored = str(system.rows("SELECT * FROM clients"))

    assert len(service.secret) == 43
    assert service.secret not in stored
    assert service.secret not in json.dumps(listed)
    assert (listed["name"], listed["rights"]) == (service.name, ["accounts:admin", "events:read"])


@pytest.mark.rule("SEC-12")
def test_clients_are_listed_one_per_line(system: System) -> None:
    service = add_service(system, "events:read", "accounts:admin")
    (listed,) = _operate(system, "list")

    heading, line = invoke(system, "clients", "list").stdout.splitlines()

    assert heading.split("  ")[0] == "CLIENT"
    assert line.split("  ")[0] == service.name
    assert "accounts:admin, events:read" in line
    assert line.split()[-3:] == [listed["rotated_at"], "-", "-"]


@pytest.mark.rule("SEC-12", "SEC-3")
def test_wrong_secrets_are_counted_by_address_and_lock_out_neither_services_nor_people(
    start_system: StartSystem,
) -> None:
    system = start_system(IDENTITY_LOGIN_FAILURES_PER_ADDRESS="5")
    service, person = add_service(system, "events:read"), system.person()

    wrong = [system.visitor().get(FEED, Authorization=f"Bearer wrong{n}") for n in range(7)]

    assert [answer.status_code for answer in wrong] == [401] * 5 + [429] * 2
    assert wrong[-1].json()["detail"] == "登入失敗次數過多，請於 15 分鐘後再試"
    assert 0 < int(wrong[-1].headers["Retry-After"]) <= timedelta(minutes=15).total_seconds()
    assert _status(system, service.secret) == 200
    assert system.visitor().log_in(person).status_code == 201


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "Upper", "--right", "events:read"),
        ("add", "x", "--right", "events:read"),
        ("add", "pass", "--right", "everything"),
        ("rotate", "nobody"),
        ("rights", "nobody", "--right", "events:read"),
        ("revoke", "nobody"),
        ("revoke", "\udcff"),
    ],
)
def test_impossible_commands_are_refused_in_one_line(system: System, arguments: tuple[str, ...]) -> None:
    ended = invoke(system, "clients", *arguments)

    assert ended.exit_code in {1, 2}
    assert "Error: " in ended.output
    assert system.rows("SELECT 1 FROM clients") == []

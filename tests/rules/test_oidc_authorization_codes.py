"""An authorization code is redeemed once, by its client (OIDC-9)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response
from identity.usecases import operator_decisions, service_clients
from sqlalchemy import text

from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import (
    REDIRECT_URI,
    issue_code,
    open_grant,
    register_oidc_client,
)
from tests.support.actors.people import Person
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.system import System

INVALID = (400, "invalid_grant")
NOW = "2026-01-01 00:00:00+00:00"


def code_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


def caller(system: System, **options: Any) -> OAuthCaller:
    return OAuthCaller(system, register_oidc_client(system, "tokens:introspect", **options))


def ended(system: System, grant: str) -> str | None:
    (row,) = system.rows("SELECT ended_reason FROM grants WHERE id = :id", id=grant)
    return row.ended_reason  # type: ignore[no-any-return]  # columns of a row are Any


@pytest.mark.rule("OIDC-9")
def test_a_code_is_redeemed_for_an_active_token(system: System) -> None:
    service = caller(system)
    grant = open_grant(system, service.name, system.person(), scopes=["openid", "email"])

    answer = service.redeem(issue_code(system, grant))

    tokens = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert {name: tokens[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "openid email",
    }
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    assert service.is_active(tokens["access_token"])


@pytest.mark.rule("OIDC-9", "OIDC-29")
def test_a_second_use_ends_the_grant_and_is_recorded(system: System) -> None:
    service = caller(system)
    person = system.person()
    grant = open_grant(system, service.name, person)
    code = issue_code(system, grant)
    token = service.redeem(code).json()["access_token"]

    again = service.redeem(code)

    assert (code_of(again), service.is_active(token), ended(system, grant)) == (INVALID, False, "code_reused")
    (refused,) = system.audit("grant.refused")
    assert (refused.actor_kind, refused.actor, refused.account_id) == ("service", service.name, person.id)
    assert json.loads(refused.detail) == {"why": "code_reused", "grant_id": grant, "client": service.name}


@pytest.mark.rule("OIDC-9")
def test_of_eight_concurrent_uses_one_succeeds_and_the_others_end_the_grant(system: System) -> None:
    service = caller(system)
    grant = open_grant(system, service.name, system.person())
    code = issue_code(system, grant)

    answers = run_concurrently([lambda: service.redeem(code)] * 8)

    (won,) = [answer for answer in answers if answer.is_success]
    assert [code_of(answer) for answer in answers if answer is not won] == [INVALID] * 7
    assert (service.is_active(won.json()["access_token"]), ended(system, grant)) == (False, "code_reused")


@pytest.mark.rule("OIDC-9")
def test_a_code_needs_its_client_uri_and_verifier_and_survives_a_wrong_attempt(system: System) -> None:
    service, other = caller(system), caller(system)
    grant = open_grant(system, service.name, system.person())
    code = issue_code(system, grant)

    wrong = [
        other.redeem(code),
        service.redeem(code, redirect_uri=f"{REDIRECT_URI}/"),
        service.redeem(code, redirect_uri=None),
        service.redeem(code, code_verifier="w" * 43),
        service.redeem(code, code_verifier=None),
        service.redeem(code, code_verifier="v" * 42),
        service.redeem(f"{code}x"),
    ]

    assert [code_of(answer) for answer in wrong] == [INVALID] * len(wrong)
    assert service.redeem(code).status_code == 200


@pytest.mark.rule("OIDC-9")
def test_a_verifier_without_a_challenge_is_refused(system: System) -> None:
    service = caller(system)
    code = issue_code(system, open_grant(system, service.name, system.person()), verifier=None)

    refused, redeemed = service.redeem(code), service.redeem(code, code_verifier=None)

    assert (code_of(refused), redeemed.status_code) == (INVALID, 200)


@pytest.mark.rule("OIDC-9")
def test_a_used_code_sent_by_another_client_does_not_end_the_grant(system: System) -> None:
    service, other = caller(system), caller(system)
    grant = open_grant(system, service.name, system.person())
    code = issue_code(system, grant)
    service.redeem(code)

    assert (code_of(other.redeem(code)), ended(system, grant)) == (INVALID, None)


@pytest.mark.rule("OIDC-9")
def test_a_code_is_valid_for_a_minute(system: System) -> None:
    service = caller(system)
    grant = open_grant(system, service.name, system.person())
    early, late = issue_code(system, grant), issue_code(system, grant)

    system.clock.advance(seconds=59)
    in_time = service.redeem(early)
    system.clock.advance(seconds=1)

    assert (in_time.status_code, code_of(service.redeem(late))) == (200, INVALID)


def unbind(system: System, link: Person, _general: Person) -> None:
    account = system.logged_in(link)
    (binding,) = account.get("/bindings").json()["items"]
    assert account.delete(f"/bindings/{binding['id']}").status_code == 204


def suspend(system: System, _link: Person, general: Person) -> None:
    with system.app.app_context():
        operator_decisions.suspend(system.ports, general.username)


@pytest.mark.rule("OIDC-9", "OIDC-21")
@pytest.mark.parametrize("end", [unbind, suspend])
def test_a_code_is_void_once_its_grant_has_ended(
    system: System, end: Callable[[System, Person, Person], None]
) -> None:
    service, link, general = caller(system), system.person("link"), system.person()
    code = issue_code(system, open_grant(system, service.name, link, general=general))

    end(system, link, general)

    assert code_of(service.redeem(code)) == INVALID


@pytest.mark.rule("OIDC-9", "OIDC-21")
def test_a_code_is_refused_while_an_account_or_the_binding_of_its_grant_is_inactive(system: System) -> None:
    service, link, general = caller(system), system.person("link"), system.person()
    code = issue_code(system, open_grant(system, service.name, link, general=general))
    changes = [
        ("bindings", "status", "removed", "general_account_id", general.id),
        *(
            ("accounts", column, value, "id", person.id)
            for person in (link, general)
            for column, value in (("suspended_at", NOW), ("email_verified_at", None), ("review", "pending"))
        ),
    ]

    answers = [code_of(while_changed(system, change, lambda: service.redeem(code))) for change in changes]

    assert answers == [INVALID] * len(changes)
    assert service.redeem(code).status_code == 200


def while_changed(
    system: System, change: tuple[str, str, str | None, str, str], act: Callable[[], Response]
) -> Response:
    """Act while a column has another value, without the changes that the product would make with it."""
    table, column, value, key, row_id = change
    ((former,),) = system.rows(f"SELECT {column} FROM {table} WHERE {key} = :id", id=row_id)
    statement = text(f"UPDATE {table} SET {column} = :value WHERE {key} = :id")
    with system.engine.begin() as connection:
        connection.execute(statement, {"value": value, "id": row_id})
    try:
        return act()
    finally:
        with system.engine.begin() as connection:
            connection.execute(statement, {"value": former, "id": row_id})


@pytest.mark.rule("OIDC-9", "OIDC-18")
def test_a_revoked_client_cannot_redeem_a_code(system: System) -> None:
    service = caller(system)
    code = issue_code(system, open_grant(system, service.name, system.person()))
    with system.app.app_context():
        service_clients.revoke(system.ports, service.name)

    assert code_of(service.redeem(code)) == (401, "invalid_client")


@pytest.mark.rule("OIDC-9", "OIDC-21")
def test_a_concurrent_unbinding_leaves_no_active_token(system: System) -> None:
    service, link = caller(system), system.person("link")
    generals = [system.person() for _ in range(3)]
    codes = [
        issue_code(system, open_grant(system, service.name, link, general=general)) for general in generals
    ]
    account = system.logged_in(link)
    bindings = [each["id"] for each in account.get("/bindings").json()["items"]]

    answers = run_concurrently(
        [
            *(lambda code=code: service.redeem(code) for code in codes),
            *(lambda binding=binding: account.delete(f"/bindings/{binding}") for binding in bindings),
        ]
    )

    redeemed = [answer.json() for answer in answers[:3]]
    assert {answer.status_code for answer in answers[3:]} == {204}
    assert not any(
        service.is_active(tokens["access_token"]) for tokens in redeemed if "access_token" in tokens
    )


@pytest.mark.rule("OIDC-9")
@pytest.mark.parametrize("missing", ["code", "grant_type"])
def test_a_missing_parameter_is_named(system: System, missing: str) -> None:
    service = caller(system)
    sent: dict[str, Any] = {"grant_type": "authorization_code", "code": "a", missing: None}

    answer = service.post("/oauth/token", **sent)

    assert (code_of(answer), answer.json()["error_description"]) == (
        (400, "invalid_request"),
        f"{missing} is missing",
    )

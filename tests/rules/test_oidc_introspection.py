"""Services introspect tokens, and clients revoke them (OIDC-20, OPS-3)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from identity.usecases import operator_decisions

from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_token, open_grant, register_oidc_client
from tests.support.actors.people import Person
from tests.support.actors.service_clients import Service
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

INACTIVE = {"active": False}
RESOURCE = "https://gate.example/api"
SCOPES = ["openid", "actor", "pass:apply"]


def introspecting(system: System, **options: Any) -> Service:
    return register_oidc_client(system, "tokens:introspect", **options)


def shown(system: System, service: Service, token: str) -> Any:
    answer = OAuthCaller(system, service).post("/oauth/introspect", token=token)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    return answer.json()


def company_of(system: System, person: Person) -> dict[str, str]:
    (row,) = system.rows("SELECT tax_id, company_name AS name FROM accounts WHERE id = :id", id=person.id)
    return {"tax_id": row.tax_id, "name": row.name}


def name_of(system: System, person: Person) -> str:
    (row,) = system.rows("SELECT name FROM accounts WHERE id = :id", id=person.id)
    return str(row.name)


@pytest.mark.rule("OPS-3", "OIDC-20")
def test_introspection_of_a_general_accounts_token_has_person_company_and_rights(system: System) -> None:
    service, person = introspecting(system), system.person()
    grant = open_grant(system, service.name, person, scopes=SCOPES)
    token = issue_token(system, grant, service.name, scopes=SCOPES)

    answer = shown(system, service, token)

    now = int(system.clock.now().timestamp())
    assert answer == {
        "active": True,
        "iss": PUBLIC_URL,
        "sub": person.id,
        "client_id": service.name,
        "aud": [service.name],
        "scope": "openid actor pass:apply",
        "exp": now + 600,
        "iat": now,
        "auth_time": now,
        "amr": ["pwd"],
        "sid": grant,
        "token_type": "Bearer",
        "username": person.username,
        "account_kind": "general",
        "company": company_of(system, person),
        "rights": ["pass:apply"],
    }


@pytest.mark.rule("OPS-3", "OIDC-20")
def test_a_token_of_a_link_account_names_the_link_account_as_actor(system: System) -> None:
    service, link, general = introspecting(system), system.person("link"), system.person()
    grant = open_grant(system, service.name, link, general=general)
    plain = issue_token(system, grant, service.name)
    detailed = issue_token(system, grant, service.name, scopes=SCOPES, jkt="thumbprint")

    short, long = shown(system, service, plain), shown(system, service, detailed)

    assert (short["sub"], short["act"], short["rights"]) == (general.id, {"sub": link.id}, [])
    assert long["act"] == {
        "sub": link.id,
        "name": name_of(system, link),
        "username": link.username,
        "company": company_of(system, link),
    }
    assert (long["token_type"], long["cnf"], long["rights"]) == (
        "DPoP",
        {"jkt": "thumbprint"},
        ["pass:apply"],
    )


@pytest.mark.rule("OIDC-20")
def test_a_link_account_that_acts_for_no_company_has_no_rights(system: System) -> None:
    service, link = introspecting(system, accepts=["general", "link"]), system.person("link")
    grant = open_grant(system, service.name, link, scopes=SCOPES)

    answer = shown(system, service, issue_token(system, grant, service.name, scopes=SCOPES))

    assert (answer["sub"], answer["account_kind"], answer["rights"]) == (link.id, "link", [])
    assert {"act", "company"}.isdisjoint(answer)


@pytest.mark.rule("OIDC-20")
def test_only_a_service_in_the_audience_with_the_scope_gets_an_answer(system: System) -> None:
    client, gate = register_oidc_client(system), introspecting(system, resources=[RESOURCE])
    other = introspecting(system)
    grant = open_grant(system, client.name, system.person())
    token = issue_token(system, grant, client.name, audience=[client.name, RESOURCE])

    without_right, answer, elsewhere = (shown(system, each, token) for each in (client, gate, other))

    assert (without_right, answer["active"], elsewhere) == (INACTIVE, True, INACTIVE)


@pytest.mark.rule("OIDC-20")
def test_an_unauthenticated_client_learns_nothing(system: System) -> None:
    public = introspecting(system, auth="none")
    token = issue_token(system, open_grant(system, public.name, system.person()), public.name)

    assert shown(system, Service(public.name, ""), token) == INACTIVE


@pytest.mark.rule("OIDC-20")
def test_session_tokens_refresh_tokens_and_other_texts_are_inactive(system: System) -> None:
    service, person = introspecting(system), system.person()
    session = system.logged_in(person)
    grant = open_grant(system, service.name, person)
    refresh = issue_token(system, grant, service.name, kind="refresh")

    assert [shown(system, service, each) for each in (str(session.token), refresh, "x", "令牌")] == [
        INACTIVE
    ] * 4


def late(system: System, _person: Person) -> None:
    system.clock.advance(minutes=10)


def suspended(system: System, person: Person) -> None:
    with system.app.app_context():
        operator_decisions.suspend(system.ports, person.username)


@pytest.mark.rule("OIDC-20", "OIDC-21")
@pytest.mark.parametrize("end", [late, suspended])
def test_an_ended_token_is_inactive_in_the_next_request(
    system: System, end: Callable[[System, Person], None]
) -> None:
    service, person = introspecting(system), system.person()
    token = issue_token(system, open_grant(system, service.name, person), service.name)
    before = shown(system, service, token)["active"]

    end(system, person)

    assert (before, shown(system, service, token)) == (True, INACTIVE)


@pytest.mark.rule("OIDC-20")
def test_revoking_an_access_token_ends_the_token_and_revoking_a_refresh_token_its_grant(
    system: System,
) -> None:
    service, person = introspecting(system), system.person()
    caller, grant = OAuthCaller(system, service), open_grant(system, service.name, person)
    first, second = (issue_token(system, grant, service.name) for _ in range(2))
    refresh = issue_token(system, grant, service.name, kind="refresh")

    statuses = [caller.post("/oauth/revoke", token=first, token_type_hint="refresh_token").status_code]
    one_revoked = [shown(system, service, each)["active"] for each in (first, second)]
    statuses += [
        caller.post("/oauth/revoke", token=each).status_code for each in (refresh, refresh, "unknown")
    ]

    assert statuses == [200] * 4
    assert (one_revoked, shown(system, service, second)) == ([False, True], INACTIVE)
    assert [json.loads(row.detail)["why"] for row in system.audit("grant.ended")] == ["revoked"]


@pytest.mark.rule("OIDC-20")
def test_a_client_revokes_only_its_own_tokens(system: System) -> None:
    service, other = introspecting(system), register_oidc_client(system, auth="none")
    grant = open_grant(system, service.name, system.person())
    token = issue_token(system, grant, service.name)

    answer = OAuthCaller(system, Service(other.name, "")).post("/oauth/revoke", token=token)

    assert (answer.status_code, shown(system, service, token)["active"]) == (200, True)

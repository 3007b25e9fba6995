"""A client authenticates by the one method that it is registered for (OIDC-18)."""

import base64
from typing import Any

import pytest
from httpx import Response
from identity.domain.oauth_client import Auth, OidcClient
from identity.usecases import service_clients

from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.people import unique
from tests.support.actors.service_clients import Service
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System

UNAUTHENTICATED = (401, "invalid_client")
AUTHENTICATED = (400, "unsupported_grant_type")


def add_client(system: System, auth: Auth = "secret") -> Service:
    name = f"service-{unique()}"
    with system.app.app_context():
        _, secret = service_clients.add(system.ports, name, [])
        with system.ports.unit_of_work() as uow:
            uow.oidc_clients.add(
                OidcClient(
                    name=name,
                    display_name="通行證系統",
                    redirect_uris=["https://pass.example/callback"],
                    scopes=["openid"],
                    accepts=["general"],
                    auth=auth,
                    updated_at=system.clock.now(),
                )
            )
            uow.commit()
    return Service(name, secret)


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def send(system: System, authorization: str | None = None, **parameters: Any) -> Response:
    headers = {"Authorization": authorization} if authorization else {}
    return system.visitor().http.post(
        "/oauth/token", data={"grant_type": "none-such", **parameters}, headers=headers
    )


@pytest.mark.rule("OIDC-18")
def test_a_client_authenticates_by_its_secret_and_may_name_itself_too(system: System) -> None:
    service = add_client(system)

    answers = [send(system, service.basic), send(system, service.basic, client_id=service.name)]

    assert [code(answer) for answer in answers] == [AUTHENTICATED] * 2


@pytest.mark.rule("OIDC-18")
def test_a_public_client_names_itself(system: System) -> None:
    public = add_client(system, "none")

    assert code(send(system, client_id=public.name)) == AUTHENTICATED


@pytest.mark.rule("OIDC-18")
def test_every_other_way_gets_the_same_answer(system: System) -> None:
    service, public, other = add_client(system), add_client(system, "none"), add_client(system)
    revoked = add_client(system)
    json_output(invoke(system, "clients", "revoke", revoked.name, "--json"))

    answers = {
        "unknown": send(system, Service("nobody", service.secret).basic),
        "no name": send(system),
        "wrong secret": send(system, Service(service.name, "wrong").basic),
        "another's secret": send(system, Service(service.name, other.secret).basic),
        "name only": send(system, client_id=service.name),
        "unknown name only": send(system, client_id="nobody"),
        "public with a secret": send(system, public.basic),
        "secret in the form": send(system, client_id=service.name, client_secret=service.secret),
        "bearer": send(system, f"Bearer {service.secret}"),
        "no base64": send(system, "Basic !!"),
        "no UTF-8": send(system, f"Basic {base64.b64encode(bytes([255, 58, 255])).decode()}"),
        "no name at all": send(system, Service("", service.secret).basic),
        "NUL": send(system, Service("pass\0", service.secret).basic),
        "long": send(system, Service("a" * 400, service.secret).basic),
        "revoked": send(system, revoked.basic),
    }

    assert {name: code(answer) for name, answer in answers.items()} == dict.fromkeys(answers, UNAUTHENTICATED)
    assert len({answer.text for answer in answers.values()}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers.values()} == {'Basic realm="identity"'}
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {"no-store"}


@pytest.mark.rule("OIDC-18")
def test_several_methods_or_names_at_once_are_refused(system: System) -> None:
    service = add_client(system)

    answers = [
        send(system, service.basic, client_secret=service.secret),
        send(system, service.basic, client_assertion="a.b.c"),
        send(system, client_id=service.name, client_secret="a", client_assertion="a.b.c"),
        send(system, service.basic, client_id="other"),
        send(system, service.basic, client_id=["other", service.name]),
    ]

    assert {code(answer) for answer in answers} == {(400, "invalid_request")}


@pytest.mark.rule("OIDC-18", "SEC-12")
def test_both_secrets_are_valid_while_they_overlap(system: System) -> None:
    service = add_client(system)
    rotated = json_output(invoke(system, "clients", "rotate", service.name, "--overlap", "2h", "--json"))
    both = [service, Service(service.name, rotated["secret"])]

    during = [code(send(system, each.basic)) for each in both]
    system.clock.advance(hours=2)
    after = [code(send(system, each.basic)) for each in both]

    assert (during, after) == ([AUTHENTICATED] * 2, [UNAUTHENTICATED, AUTHENTICATED])


@pytest.mark.rule("OIDC-18", "SEC-3")
@pytest.mark.parametrize("asked", ["known", "unknown"])
def test_failures_are_limited_by_client_and_address(system: System, asked: str) -> None:
    service, other = add_client(system), add_client(system)
    wrong = OAuthCaller(system, Service(service.name if asked == "known" else "nobody", "wrong"))

    failures = [code(wrong.token("none-such")) for _ in range(60)]
    locked = wrong.token("none-such")
    right, others = send(system, service.basic), send(system, Service(other.name, "wrong").basic)

    assert set(failures) == {UNAUTHENTICATED}
    assert (code(locked), locked.headers["Retry-After"]) == ((429, "temporarily_unavailable"), "900")
    assert (code(right), code(others)) == (AUTHENTICATED, UNAUTHENTICATED)


@pytest.mark.rule("OIDC-18", "SEC-11")
def test_a_refused_client_is_recorded_once_a_minute_by_its_name(system: System) -> None:
    service = add_client(system)

    for _ in range(2):
        send(system, Service(service.name, "wrong").basic)
    send(system, Service("nobody", "wrong").basic)

    recorded = system.audit("client.refused")
    assert [(row.actor_kind, row.actor) for row in recorded] == [("service", service.name), ("service", "")]

"""A client authenticates only by its registered method (OIDC-18)."""

import base64
from typing import Any

import pytest
from httpx import Response

from tests.support.actors.client_signatures import ec_key, key_set, rsa_key, signed
from tests.support.actors.oauth_requests import ASSERTION_TYPE, OAuthCaller
from tests.support.actors.oidc_clients import issue_token, open_grant, register_oidc_client
from tests.support.actors.people import unique
from tests.support.actors.service_clients import Service
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System

UNAUTHENTICATED = (401, "invalid_client")
AUTHENTICATED = (400, "unsupported_grant_type")


def code(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def send(system: System, authorization: str | None = None, **parameters: Any) -> Response:
    headers = {"Authorization": authorization} if authorization else {}
    return system.visitor().http.post(
        "/oauth/token", data={"grant_type": "none-such", **parameters}, headers=headers
    )


@pytest.mark.rule("OIDC-18")
def test_a_client_authenticates_by_its_secret_and_may_repeat_its_name_in_the_form(system: System) -> None:
    service = register_oidc_client(system)

    answers = [send(system, service.basic), send(system, service.basic, client_id=service.name)]

    assert [code(answer) for answer in answers] == [AUTHENTICATED] * 2


@pytest.mark.rule("OIDC-18")
def test_a_public_client_sends_only_its_name(system: System) -> None:
    public = register_oidc_client(system, auth="none")

    assert code(send(system, client_id=public.name)) == AUTHENTICATED


@pytest.mark.rule("OIDC-18", "OIDC-20")
def test_an_older_client_is_registered_to_send_its_secret_in_the_form(system: System) -> None:
    service = register_oidc_client(system, "tokens:introspect", auth="post")
    secret = {"client_id": service.name, "client_secret": service.secret}
    token = issue_token(system, open_grant(system, service.name, system.person()), service.name)

    answers = [
        send(system, **secret),
        send(system, **{**secret, "client_secret": "wrong"}),
        send(system, client_secret=service.secret),
        send(system, service.basic),
    ]
    introspected = system.visitor().http.post("/oauth/introspect", data={**secret, "token": token}).json()

    assert [code(answer) for answer in answers] == [AUTHENTICATED, *[UNAUTHENTICATED] * 3]
    assert (introspected["active"], introspected["client_id"]) == (True, service.name)


@pytest.mark.rule("OIDC-18")
def test_every_other_method_gets_the_same_answer(system: System) -> None:
    service, public, other = (
        register_oidc_client(system),
        register_oidc_client(system, auth="none"),
        register_oidc_client(system),
    )
    revoked = register_oidc_client(system)
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


def assertion(system: System, client: str, **changes: Any) -> dict[str, Any]:
    now = system.clock.now().timestamp()
    claims = {
        "iss": client,
        "sub": client,
        "aud": system.ports.rules.public_url,
        "jti": unique(),
        "exp": now + 60,
    }
    return {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed({**claims, **changes}, ec_key()),
    }


@pytest.mark.rule("OIDC-18")
def test_a_client_authenticates_by_an_assertion_once(system: System) -> None:
    name = register_oidc_client(system, auth="key", keys=key_set(ec_key(), rsa_key())).name
    first = assertion(system, name)

    answers = [
        send(system, **first),
        send(system, client_id=name, **assertion(system, name)),
        send(system, **first),
    ]

    assert [code(answer) for answer in answers] == [AUTHENTICATED, AUTHENTICATED, UNAUTHENTICATED]


@pytest.mark.rule("OIDC-18")
def test_a_clients_clock_may_be_ten_seconds_ahead(system: System) -> None:
    name = register_oidc_client(system, auth="key", keys=key_set(ec_key())).name
    now = int(system.clock.now().timestamp())

    answers = [
        send(system, **assertion(system, name, iat=now + ahead, nbf=now + ahead, exp=now + ahead + 60))
        for ahead in (10, 12)
    ]

    assert [code(answer) for answer in answers] == [AUTHENTICATED, UNAUTHENTICATED]


@pytest.mark.rule("OIDC-18")
def test_an_assertion_for_another_server_or_by_another_client_is_refused(system: System) -> None:
    service = register_oidc_client(system, auth="key", keys=key_set(ec_key()))
    name, issuer, now = service.name, system.ports.rules.public_url, system.clock.now().timestamp()
    other = register_oidc_client(system, auth="key", keys=key_set(rsa_key())).name

    answers = {
        "another's key": send(system, **assertion(system, other)),
        "another's name": send(system, client_id=other, **assertion(system, name)),
        "unknown": send(system, **assertion(system, "nobody")),
        "several audiences": send(system, **assertion(system, name, aud=[issuer])),
        "the endpoint as audience": send(system, **assertion(system, name, aud=f"{issuer}/oauth/token")),
        "late nbf": send(system, **assertion(system, name, nbf=now + 120)),
        "too long": send(system, **assertion(system, name, exp=now + 120)),
        "over": send(system, **assertion(system, name, exp=now)),
        "no jti": send(system, **assertion(system, name, jti="")),
        "no name": send(system, **assertion(system, name, sub=3)),
        "its secret": send(system, service.basic),
        "no JWT": send(system, client_assertion_type=ASSERTION_TYPE, client_assertion="a.b.c"),
    }

    assert {way: code(answer) for way, answer in answers.items()} == dict.fromkeys(answers, UNAUTHENTICATED)


@pytest.mark.rule("OIDC-18")
def test_several_methods_or_names_at_once_are_refused(system: System) -> None:
    service, older = register_oidc_client(system), register_oidc_client(system, auth="post")

    answers = [
        send(system, service.basic, client_secret=service.secret),
        send(system, older.basic, client_secret=older.secret),
        send(system, service.basic, client_assertion="a.b.c"),
        send(system, client_id=service.name, client_secret="a", client_assertion="a.b.c"),
        send(system, client_assertion_type="other", client_assertion="a.b.c"),
        send(system, service.basic, client_id="other"),
        send(system, service.basic, client_id=["other", service.name]),
    ]

    assert {code(answer) for answer in answers} == {(400, "invalid_request")}


@pytest.mark.rule("OIDC-18", "SEC-12")
def test_both_secrets_are_valid_while_they_overlap(system: System) -> None:
    service = register_oidc_client(system)
    rotated = json_output(invoke(system, "clients", "rotate", service.name, "--overlap", "2h", "--json"))
    both = [service, Service(service.name, rotated["secret"])]

    during = [code(send(system, each.basic)) for each in both]
    system.clock.advance(hours=2)
    after = [code(send(system, each.basic)) for each in both]

    assert (during, after) == ([AUTHENTICATED] * 2, [UNAUTHENTICATED, AUTHENTICATED])


@pytest.mark.rule("OIDC-18", "SEC-3")
@pytest.mark.parametrize("name", ["known", "unknown"])
def test_failures_are_limited_by_client_and_address(system: System, name: str) -> None:
    service, other = register_oidc_client(system), register_oidc_client(system)
    wrong = OAuthCaller(system, Service(service.name if name == "known" else "nobody", "wrong"))

    failures = [code(wrong.token("none-such")) for _ in range(60)]
    locked = wrong.token("none-such")
    right, others = send(system, service.basic), send(system, Service(other.name, "wrong").basic)

    assert set(failures) == {UNAUTHENTICATED}
    assert (code(locked), locked.headers["Retry-After"]) == ((429, "temporarily_unavailable"), "900")
    assert (code(right), code(others)) == (AUTHENTICATED, UNAUTHENTICATED)


@pytest.mark.rule("OIDC-18", "SEC-11")
def test_a_refused_client_is_recorded_once_a_minute_by_its_name(system: System) -> None:
    service = register_oidc_client(system)

    for _ in range(2):
        send(system, Service(service.name, "wrong").basic)
    send(system, Service("nobody", "wrong").basic)

    recorded = system.audit("client.refused")
    assert [(row.actor_kind, row.actor) for row in recorded] == [("service", service.name), ("service", "")]

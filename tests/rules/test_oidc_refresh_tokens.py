"""A refresh token is used once. A repeated use ends the grant, unless the answer was lost (OIDC-16)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response
from identity.http.web_context import EXTENSION
from identity.usecases import operator_decisions
from identity.usecases.ports.meters import OAuthMeter
from typing_extensions import override

from tests.support.actors.client_signatures import ec_key, key_set
from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_code, open_grant, register_oidc_client
from tests.support.actors.service_clients import Service
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.system import System

INVALID = (400, "invalid_grant")
RESOURCE, OTHER = "https://gate.example/api", "https://gate.example/other"


def code_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


def caller(system: System, **options: Any) -> OAuthCaller:
    options = {"may_refresh": True, **options}
    service = register_oidc_client(system, "tokens:introspect", **options)
    return OAuthCaller(system, Service(service.name, "") if options.get("auth") == "none" else service)


def opened(system: System, service: OAuthCaller, **values: Any) -> tuple[str, dict[str, Any]]:
    """Open a grant and redeem its code; return the grant's id and the answer."""
    grant = open_grant(system, service.name, system.person(), **values)
    answer = service.redeem(issue_code(system, grant))
    assert answer.status_code == 200, answer.text
    return grant, answer.json()


def ended(system: System, grant: str) -> str | None:
    (row,) = system.rows("SELECT ended_reason FROM grants WHERE id = :id", id=grant)
    return row.ended_reason  # type: ignore[no-any-return]  # columns of a row are Any


class Meter(OAuthMeter):
    """Records what the token endpoint counts."""

    def __init__(self) -> None:
        self.issues: list[str] = []
        self.refusals: list[tuple[str, str]] = []
        self.reuses = 0

    @override
    def issued(self, grant_type: str) -> None:
        self.issues.append(grant_type)

    @override
    def refused(self, endpoint: str, error: str) -> None:
        self.refusals.append((endpoint, error))

    @override
    def introspected(self, *, active: bool) -> None:
        """Ignore introspections."""

    @override
    def refresh_reused(self) -> None:
        self.reuses += 1


@pytest.fixture
def meter(system: System, monkeypatch: pytest.MonkeyPatch) -> Meter:
    meter, context = Meter(), system.app.extensions[EXTENSION]
    metered = replace(context, ports=replace(context.ports, oauth_meter=meter))
    monkeypatch.setitem(system.app.extensions, EXTENSION, metered)
    return meter


@pytest.mark.rule("OIDC-16")
@pytest.mark.parametrize("auth", ["secret", "none"])
def test_each_refresh_returns_another_token_and_uses_the_former(system: System, auth: str) -> None:
    service = caller(system, auth=auth)
    _, first = opened(system, service)

    second = service.refresh(first["refresh_token"]).json()
    third = service.refresh(second["refresh_token"])

    assert third.status_code == 200
    assert len({each["refresh_token"] for each in (first, second, third.json())}) == 3
    assert len({each["access_token"] for each in (first, second, third.json())}) == 3


@pytest.mark.rule("OIDC-16")
@pytest.mark.parametrize("seconds", [0, 60])
def test_a_repeat_after_a_lost_answer_returns_a_new_pair_and_voids_the_former_pair(
    system: System, seconds: int
) -> None:
    service = caller(system)
    grant, first = opened(system, service)
    lost = service.refresh(first["refresh_token"]).json()
    system.clock.advance(seconds=seconds)

    again = service.refresh(first["refresh_token"])

    tokens = again.json()
    assert (again.status_code, ended(system, grant)) == (200, None)
    assert [service.is_active(each["access_token"]) for each in (first, lost, tokens)] == [True, False, True]
    assert service.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.rule("OIDC-16")
def test_a_use_of_the_voided_token_ends_the_grant(system: System) -> None:
    service = caller(system)
    grant, first = opened(system, service)
    lost = service.refresh(first["refresh_token"]).json()
    tokens = service.refresh(first["refresh_token"]).json()

    answer = service.refresh(lost["refresh_token"])

    assert (code_of(answer), ended(system, grant)) == (INVALID, "refresh_reused")
    assert not service.is_active(tokens["access_token"])


@pytest.mark.rule("OIDC-16", "OIDC-29")
@pytest.mark.parametrize("case", ["successor used", "late"])
def test_any_other_repeated_use_ends_the_grant_and_is_counted(
    system: System, meter: Meter, case: str
) -> None:
    service = caller(system)
    grant, first = opened(system, service)
    second = service.refresh(first["refresh_token"]).json()
    if case == "late":
        system.clock.advance(seconds=61)
    else:
        second = service.refresh(second["refresh_token"]).json()

    answer = service.refresh(first["refresh_token"])

    assert (code_of(answer), ended(system, grant)) == (INVALID, "refresh_reused")
    assert (service.is_active(second["access_token"]), meter.reuses) == (False, 1)
    assert [row.actor for row in system.audit("grant.refused")] == [service.name]
    assert code_of(service.refresh(second["refresh_token"])) == INVALID


@pytest.mark.rule("OIDC-16")
def test_of_eight_concurrent_refreshes_only_the_last_pair_works(system: System) -> None:
    service = caller(system)
    grant, first = opened(system, service)

    answers = run_concurrently([lambda: service.refresh(first["refresh_token"])] * 8)

    assert {answer.status_code for answer in answers} == {200}
    (alive,) = [each.json() for each in answers if service.is_active(each.json()["access_token"])]
    assert (service.refresh(alive["refresh_token"]).status_code, ended(system, grant)) == (200, None)


@pytest.mark.rule("OIDC-16")
def test_a_token_and_its_successor_used_concurrently_do_not_both_stay_valid(system: System) -> None:
    service = caller(system)
    for _ in range(5):
        _, first = opened(system, service)
        second = service.refresh(first["refresh_token"]).json()

        answers = run_concurrently(
            [
                lambda token=each["refresh_token"]: service.refresh(token)  # type: ignore[misc]  # mypy cannot type this lambda
                for each in (second, first)
            ]
        )

        assert INVALID in map(code_of, answers)


@pytest.mark.rule("OIDC-16")
def test_a_client_with_a_key_keeps_its_token(system: System) -> None:
    registered = register_oidc_client(system, auth="key", keys=key_set(ec_key()), may_refresh=True)
    service = OAuthCaller(system, registered, key=ec_key())
    _, first = opened(system, service)

    answers = [service.refresh(first["refresh_token"]) for _ in range(2)]

    assert [(answer.status_code, "refresh_token" in answer.json()) for answer in answers] == [
        (200, False)
    ] * 2


@pytest.mark.rule("OIDC-16")
def test_no_token_outlives_the_absolute_end_of_the_login(system: System) -> None:
    service = caller(system)
    end = system.clock.now() + timedelta(minutes=15)
    _, first = opened(system, service, expires_at=end)
    system.clock.advance(minutes=14)

    late = service.refresh(first["refresh_token"]).json()
    system.clock.advance(minutes=1)

    assert (late["expires_in"], service.is_active(late["access_token"])) == (60, False)
    assert code_of(service.refresh(late["refresh_token"])) == INVALID


@pytest.mark.rule("OIDC-16")
def test_only_clients_registered_for_refresh_tokens_get_and_use_them(system: System) -> None:
    service = caller(system, may_refresh=False)
    _, first = opened(system, service)

    assert "refresh_token" not in first
    assert code_of(service.refresh("made-up")) == (400, "unauthorized_client")


@pytest.mark.rule("OIDC-16")
def test_a_refresh_token_is_for_its_client_only(system: System) -> None:
    service, other = caller(system), caller(system)
    grant, first = opened(system, service)
    service.refresh(first["refresh_token"])

    answers = [
        other.refresh(first["refresh_token"]),
        service.refresh("made-up"),
        service.refresh(first["access_token"]),
    ]

    assert [code_of(answer) for answer in answers] == [INVALID] * 3
    assert ended(system, grant) is None


@pytest.mark.rule("OIDC-16")
def test_narrower_scopes_and_resources_apply_to_one_access_token_only(system: System) -> None:
    service = caller(system, resources=[RESOURCE, OTHER])
    _, first = opened(system, service, scopes=["openid", "email", "pass:query"], resources=[RESOURCE, OTHER])

    less = service.refresh(first["refresh_token"], scope="pass:query email", resource=OTHER).json()
    all_again = service.refresh(less["refresh_token"]).json()

    introspected = service.post("/oauth/introspect", token=less["access_token"]).json()
    assert (less["scope"], introspected["aud"], "id_token" in less) == (
        "email pass:query",
        [service.name, OTHER],
        False,
    )
    assert all_again["scope"] == "openid email pass:query"


@pytest.mark.rule("OIDC-16", "OIDC-14")
def test_a_request_for_more_than_the_login_allowed_is_refused_and_uses_no_token(system: System) -> None:
    service = caller(system, resources=[RESOURCE, OTHER])
    _, first = opened(system, service, scopes=["openid", "email"], resources=[RESOURCE])
    token = first["refresh_token"]

    answers = [
        service.refresh(token, scope="openid profile"),
        service.refresh(token, scope="nonsense"),
        service.refresh(token, resource=OTHER),
        service.refresh(token, resource=[RESOURCE, "https://nowhere.example"]),
    ]

    assert [code_of(answer)[1] for answer in answers] == ["invalid_scope"] * 2 + ["invalid_target"] * 2
    assert service.refresh(token).status_code == 200


@pytest.mark.rule("OIDC-21", "OIDC-16")
def test_a_refresh_fails_once_the_account_is_suspended(system: System) -> None:
    service = caller(system)
    person = system.person()
    first = service.redeem(issue_code(system, open_grant(system, service.name, person))).json()
    with system.app.app_context():
        operator_decisions.suspend(system.ports, person.username)

    assert code_of(service.refresh(first["refresh_token"])) == INVALID


@pytest.mark.rule("OIDC-16", "OIDC-21")
def test_a_concurrent_unbinding_leaves_no_active_token(system: System) -> None:
    service, link = caller(system), system.person("link")
    grants = [open_grant(system, service.name, link, general=system.person()) for _ in range(3)]
    tokens = [service.redeem(issue_code(system, grant)).json()["refresh_token"] for grant in grants]
    account = system.logged_in(link)
    bindings = [each["id"] for each in account.get("/bindings").json()["items"]]

    answers = run_concurrently(
        [
            *(lambda token=token: service.refresh(token) for token in tokens),
            *(lambda binding=binding: account.delete(f"/bindings/{binding}") for binding in bindings),
        ]
    )

    refreshed = [answer.json() for answer in answers[:3] if answer.is_success]
    assert {answer.status_code for answer in answers[3:]} == {204}
    assert [service.is_active(tokens["access_token"]) for tokens in refreshed] == [False] * len(refreshed)
    assert {code_of(service.refresh(tokens["refresh_token"])) for tokens in refreshed} <= {INVALID}


@pytest.mark.rule("OIDC-29")
def test_refreshes_are_recorded_once_a_minute_for_each_grant(system: System) -> None:
    service = caller(system)
    grant, answer = opened(system, service)

    recorded = []
    for wait in (0, 59, 1):
        system.clock.advance(seconds=wait)
        answer = service.refresh(answer["refresh_token"]).json()
        recorded.append(len(system.audit("grant.refreshed")))

    assert recorded == [1, 1, 2]
    assert grant in system.audit("grant.refreshed")[0].detail


@pytest.mark.rule("OPS-4")
def test_answers_and_refusals_are_counted(system: System, meter: Meter) -> None:
    service = caller(system)
    _, first = opened(system, service)
    service.refresh(first["refresh_token"])
    service.refresh("made-up")
    service.token("none-such")

    assert meter.issues == ["authorization_code", "refresh_token"]
    assert meter.refusals == [("token", "invalid_grant"), ("token", "unsupported_grant_type")]

"""Clients are registered for OpenID Connect through a service that names its operator (OIDC-25)."""

import json
from typing import Any

import pytest
from identity.usecases import service_clients

from tests.support.actors.client_signatures import ec_key, key_set
from tests.support.actors.oidc_clients import REDIRECT_URI, open_grant, register_oidc_client
from tests.support.actors.service_clients import AdminClient, add_service, admin_client, service_visitor
from tests.support.harness.system import System

BODY: dict[str, Any] = {"display_name": "通行證系統", "redirect_uris": [REDIRECT_URI]}
KEYS = json.loads(key_set(ec_key()))


@pytest.fixture
def registrar(system: System) -> AdminClient:
    return AdminClient(service_visitor(system, "clients:manage"))


def put(registrar: AdminClient, name: str, **more: Any) -> Any:
    return registrar.put(f"/admin/clients/{name}/oidc", **{**BODY, **more})


def wrong_fields(answer: Any) -> dict[str, str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), answer.text
    return {each["pointer"]: each["code"] for each in answer.json()["errors"]}


@pytest.mark.rule("OIDC-25")
def test_a_registration_is_stored_shown_and_recorded(system: System, registrar: AdminClient) -> None:
    service, other = add_service(system), register_oidc_client(system)
    whole = {
        **BODY,
        "post_logout_uris": ["https://pass.example/bye"],
        "backchannel_uri": "https://pass.example/logout",
        "scopes": ["openid", "company"],
        "accepts": ["general", "link"],
        "auth": "key",
        "keys": KEYS,
        "asks_consent": True,
        "may_refresh": True,
        "requires_dpop": True,
        "resources": ["https://pass.example/api"],
        "has_jwt_tokens": True,
        "may_reach": [other.name],
        "profile": "fapi2",
    }

    answer = put(registrar, service.name, **whole, reason="新服務上線")

    shown = registrar.get(f"/admin/clients/{service.name}/oidc")
    row = system.audit("client.oidc_set")[-1]
    assert (answer.status_code, shown.json()) == (200, answer.json())
    assert shown.json().items() >= whole.items()
    assert (row.actor, row.reason, json.loads(row.detail)["client"]) == ("林小姐", "新服務上線", service.name)


@pytest.mark.rule("OIDC-25")
def test_a_returned_registration_can_be_sent_unchanged(system: System, registrar: AdminClient) -> None:
    service = register_oidc_client(system, keys=key_set(ec_key()), profile="fapi2")
    shown = registrar.get(f"/admin/clients/{service.name}/oidc").json()
    decided = ("name", "requires_par", "id_token_alg", "updated_at")

    answer = put(registrar, service.name, **{name: shown[name] for name in shown if name not in decided})

    assert (answer.status_code, answer.json()) == (200, shown)


@pytest.mark.rule("OIDC-25")
def test_a_narrower_registration_ends_the_grants(system: System, registrar: AdminClient) -> None:
    service, person = register_oidc_client(system), system.person()
    open_grant(system, service.name, person)

    put(registrar, service.name, scopes=["openid"])

    assert [row.ended_reason for row in system.rows("SELECT ended_reason FROM grants")] == ["scopes_cut"]


@pytest.mark.rule("OIDC-25")
def test_every_wrong_field_is_named_at_once(system: System, registrar: AdminClient) -> None:
    taken = register_oidc_client(system, resources=["https://pass.example/api"])

    answer = put(
        registrar,
        add_service(system).name,
        display_name="x",
        redirect_uris=[REDIRECT_URI, "http://pass.example/cb", f"{REDIRECT_URI}#"],
        backchannel_uri="https://a:b@pass.example/",
        auth="none",
        requires_pkce=False,
        keys={},
    )
    clashing = put(
        registrar,
        add_service(system).name,
        resources=["https://pass.example/api"],
        may_reach=["x", taken.name],
    )

    assert wrong_fields(answer) == {
        "/display_name": "too_short",
        "/redirect_uris/1": "invalid_uri",
        "/redirect_uris/2": "invalid_uri",
        "/backchannel_uri": "invalid_uri",
        "/requires_pkce": "pkce_needed",
        "/keys": "keys_unused",
    }
    assert wrong_fields(clashing) == {"/resources/0": "resource_taken", "/may_reach/0": "unknown_client"}


@pytest.mark.rule("OIDC-25")
@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"display_name": None}, "/display_name", "required"),
        ({"redirect_uris": []}, "/redirect_uris", "required"),
        ({"redirect_uris": "https://pass.example/"}, "/redirect_uris", "wrong_type"),
        ({"redirect_uris": [REDIRECT_URI] * 21}, "/redirect_uris", "too_long"),
        ({"scopes": ["address"]}, "/scopes/0", "unknown_value"),
        ({"accepts": []}, "/accepts", "required"),
        ({"accepts": ["company"]}, "/accepts/0", "unknown_value"),
        ({"auth": "password"}, "/auth", "unknown_value"),
        ({"auth": "key"}, "/keys", "required"),
        ({"auth": "key", "keys": {}}, "/keys", "invalid_keys"),
        ({"auth": "key", "keys": {"keys": [{"kty": "oct", "k": "x"}]}}, "/keys", "invalid_keys"),
        ({"auth": "key", "keys": []}, "/keys", "wrong_type"),
        ({"auth": "key", "keys": {"keys": [{"kty": "EC", "kid": "\0"}]}}, "/keys", "invalid_keys"),
        ({"profile": "fapi2", "keys": KEYS, "auth": "none"}, "/auth", "fapi2_needed"),
        ({"profile": "fapi1"}, "/profile", "unknown_value"),
        ({"may_reach": ["nobody\0"]}, "/may_reach/0", "control_character"),
        ({"colour": "red"}, "/colour", "unknown_field"),
        ({"reason": "x"}, "/reason", "too_short"),
    ],
)
def test_a_wrong_value_is_refused(
    system: System, registrar: AdminClient, more: dict[str, Any], pointer: str, code: str
) -> None:
    answer = put(registrar, add_service(system).name, **more)

    assert wrong_fields(answer)[pointer] == code
    assert system.rows("SELECT 1 FROM oidc_clients") == []


@pytest.mark.rule("OIDC-25")
def test_the_profile_refuses_contradicting_values(system: System, registrar: AdminClient) -> None:
    fapi2 = {"profile": "fapi2", "keys": KEYS}

    answer = put(registrar, add_service(system).name, **fapi2, requires_dpop=False, requires_pkce=False)

    assert wrong_fields(answer) == {"/requires_dpop": "fapi2_needed", "/requires_pkce": "pkce_needed"}


@pytest.mark.rule("OIDC-25")
def test_unknown_unregistered_and_revoked_clients_get_different_errors(
    system: System, registrar: AdminClient
) -> None:
    unregistered, revoked = add_service(system), register_oidc_client(system)
    with system.app.app_context():
        service_clients.revoke(system.ports, revoked.name)

    answers = [
        put(registrar, "nobody"),
        put(registrar, "%00"),
        put(registrar, revoked.name),
        registrar.get("/admin/clients/nobody/oidc"),
        registrar.get("/admin/clients/%00/oidc"),
        registrar.get(f"/admin/clients/{unregistered.name}/oidc"),
        registrar.get(f"/admin/clients/{revoked.name}/oidc"),
    ]

    assert [each.status_code for each in answers] == [404, 404, 409, 404, 404, 404, 200]
    assert answers[2].json()["state"] == "revoked"


@pytest.mark.rule("OIDC-25", "SEC-12")
def test_only_a_service_with_the_scope_and_a_named_operator_may_register(system: System) -> None:
    path = f"/admin/clients/{add_service(system).name}/oidc"
    unnamed = service_visitor(system, "clients:manage")

    answers = [
        system.visitor().put(path, BODY),
        admin_client(system).put(path, **BODY),
        admin_client(system).get(path),
        unnamed.put(path, {}),
        unnamed.get(path),
        AdminClient(unnamed).get("/admin/accounts"),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (401, "bad_client"),
        (403, "right_missing"),
        (403, "right_missing"),
        (400, "operator_missing"),
        (400, "operator_missing"),
        (403, "right_missing"),
    ]

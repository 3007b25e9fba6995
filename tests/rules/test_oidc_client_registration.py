"""Clients are registered for OpenID Connect by command (OIDC-25)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from identity.domain.client_registration import Registration
from identity.domain.client_registration_fields import RegistrationError
from identity.usecases import oidc_clients
from joserfc.jwk import ECKey, OKPKey

from tests.support.actors.client_signatures import ec_key
from tests.support.actors.oidc_clients import REDIRECT_URI, register_oidc_client
from tests.support.actors.people import unique
from tests.support.actors.service_clients import add_service
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.system import System

REDIRECT = ("--redirect-uri", REDIRECT_URI)
KEY = ec_key()


def oidc(system: System, name: str, *options: str) -> Result:
    return invoke(system, "clients", "oidc", name, "--name", "通行證系統", *options, "--json")


def register(system: System, *options: str, name: str = "") -> dict[str, Any]:
    registered: dict[str, Any] = json_output(oidc(system, name or add_service(system).name, *options))
    return registered


def key_file(folder: Path, *keys: dict[str, Any]) -> str:
    path = folder / "keys.json"
    path.write_text(json.dumps({"keys": keys}))
    return str(path)


@pytest.mark.rule("OIDC-25")
def test_a_client_that_only_logs_people_in_needs_no_scope(system: System) -> None:
    service = add_service(system)

    registered = register(system, *REDIRECT, name=service.name)

    shown = json_output(invoke(system, "clients", "show", service.name, "--json"))
    (listed,) = json_output(invoke(system, "clients", "list", "--json"))
    assert (shown["rights"], shown["oidc"], listed["oidc"]) == ([], registered, True)
    assert registered == {
        "name": service.name,
        "display_name": "通行證系統",
        "redirect_uris": [REDIRECT_URI],
        "post_logout_uris": [],
        "backchannel_uri": None,
        "scopes": ["openid"],
        "accepts": ["general"],
        "auth": "secret",
        "keys": None,
        "asks_consent": False,
        "requires_pkce": True,
        "may_refresh": False,
        "requires_dpop": False,
        "requires_par": False,
        "id_token_alg": "RS256",
        "resources": [],
        "has_jwt_tokens": False,
        "may_reach": [],
        "profile": None,
        "updated_at": system.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.mark.rule("OIDC-25")
def test_every_option_sets_its_field(system: System) -> None:
    other = register_oidc_client(system)

    registered = register(
        system,
        *(*REDIRECT, "--redirect-uri", "http://127.0.0.1/cb", "--redirect-uri", REDIRECT_URI),
        *(
            "--post-logout-uri",
            "https://pass.example/bye",
            "--backchannel-uri",
            "https://pass.example/out?x=1",
        ),
        *("--scope", "company", "--scope", "openid", "--accepts", "general,link", "--auth", "secret"),
        *("--consent", "ask", "--pkce", "optional", "--refresh", "--dpop", "--tokens", "jwt"),
        *("--resource", "https://pass.example/api", "--may-reach", other.name),
    )

    assert (
        registered.items()
        >= {
            "redirect_uris": [REDIRECT_URI, "http://127.0.0.1/cb"],
            "post_logout_uris": ["https://pass.example/bye"],
            "backchannel_uri": "https://pass.example/out?x=1",
            "scopes": ["openid", "company"],
            "accepts": ["general", "link"],
            "asks_consent": True,
            "requires_pkce": False,
            "may_refresh": True,
            "requires_dpop": True,
            "resources": ["https://pass.example/api"],
            "has_jwt_tokens": True,
            "may_reach": [other.name],
        }.items()
    )


@pytest.mark.rule("OIDC-25")
def test_the_profile_requires_pushed_requests_keys_dpop_and_es256(system: System, tmp_path: Path) -> None:
    keys = key_file(tmp_path, {**KEY.as_dict(private=False), "kid": "one", "use": "sig"})

    registered = register(system, *REDIRECT, "--profile", "fapi2", "--key-file", keys)

    assert (
        registered.items()
        >= {
            "profile": "fapi2",
            "auth": "key",
            "requires_par": True,
            "requires_dpop": True,
            "requires_pkce": True,
            "id_token_alg": "ES256",
        }.items()
    )
    assert [(key["kid"], key["x"]) for key in registered["keys"]["keys"]] == [("one", KEY.as_dict()["x"])]


@pytest.mark.rule("OIDC-25")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--redirect-uri: required"),
        (["--redirect-uri", "http://pass.example/cb"], "--redirect-uri: invalid uri (not https)"),
        ([*REDIRECT, "--post-logout-uri", "x"], "--post-logout-uri: invalid uri"),
        ([*REDIRECT, "--backchannel-uri", "ftp://x/y"], "--backchannel-uri: invalid uri"),
        ([*REDIRECT, "--resource", "urn:tw:port"], "--resource: invalid uri (not https)"),
        ([*REDIRECT, "--resource", "http://pass.example/api"], "--resource: invalid uri (not https)"),
        ([*REDIRECT, "--may-reach", "nobody"], "--may-reach: unknown client"),
        ([*REDIRECT, "--name", "x"], "--name: too short (min: 2)"),
        ([*REDIRECT, "--name", "名" * 51], "--name: too long (max: 50)"),
        ([*REDIRECT, "--name", "通行證\u200b系統"], "--name: control character"),
        ([*REDIRECT, "--name", "見 evil.example.com"], "--name: web address"),
        ([*REDIRECT, "--auth", "none", "--pkce", "optional"], "--pkce: pkce needed"),
        ([*REDIRECT, "--auth", "key"], "--key-file: required"),
        ([*REDIRECT, "--profile", "fapi2"], "--key-file: required"),
        ([*REDIRECT, "--profile", "fapi2", "--auth", "secret"], "--auth: fapi2 needed (key)"),
        (["--redirect-uri", "com.example.app:/cb"], "--redirect-uri: invalid uri (not https)"),
        (["--redirect-uri", "app:/cb", "--auth", "none"], "--redirect-uri: invalid uri (private scheme)"),
        ([*REDIRECT, *("--resource", "https://pass.example/api") * 21], "--resource: too long"),
        ([*REDIRECT, "--scope", "address"], "Invalid value for '--scope'"),
        (["--redirect-uri", "x", "--auth", "none", "--pkce", "optional"], "invalid uri; --pkce: pkce needed"),
    ],
)
def test_a_wrong_registration_is_refused_in_one_line(system: System, options: list[str], said: str) -> None:
    service = add_service(system)

    ended = oidc(system, service.name, *options)

    assert ended.exit_code in {1, 2}
    assert said in ended.output.splitlines()[-1]
    assert system.rows("SELECT 1 FROM oidc_clients") == []


@pytest.mark.rule("OIDC-25")
@pytest.mark.parametrize(
    "key",
    [
        KEY.as_dict(private=True),
        {"kty": "RSA", "e": "AQAB", "n": "x" * 171},
        ECKey.generate_key("P-384").as_dict(private=False),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
        {"kty": "oct", "k": "c2VjcmV0"},
        {**KEY.as_dict(private=False), "x": KEY.as_dict(private=False)["y"]},
        {},
    ],
    ids=["private", "short", "P-384", "Ed25519", "symmetric", "off the curve", "empty"],
)
def test_unsuitable_and_private_keys_are_refused(system: System, tmp_path: Path, key: dict[str, Any]) -> None:
    service = add_service(system)

    ended = oidc(system, service.name, *REDIRECT, "--auth", "key", "--key-file", key_file(tmp_path, key))

    assert ended.exit_code == 1
    assert "--key-file: invalid keys (reason: the key set" in ended.output


@pytest.mark.rule("OIDC-25")
def test_a_file_without_a_key_set_is_refused(system: System, tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"\xff\xfe[[")
    options = (*REDIRECT, "--auth", "key", "--key-file", str(tmp_path / "keys"))

    ended = oidc(system, add_service(system).name, *options)

    assert (ended.exit_code, "--key-file: invalid keys" in ended.output) == (1, True)


@pytest.mark.rule("OIDC-25")
def test_only_an_active_client_can_be_registered_or_reached(system: System) -> None:
    revoked, service = register_oidc_client(system), add_service(system)
    invoke(system, "clients", "revoke", revoked.name)

    answers = [
        oidc(system, "nobody", *REDIRECT),
        oidc(system, revoked.name, *REDIRECT),
        oidc(system, service.name, *REDIRECT, "--may-reach", revoked.name),
        oidc(system, service.name, *REDIRECT, "--may-reach", service.name),
        invoke(system, "clients", "show", "nobody"),
    ]

    lines = [each.output.splitlines()[-1].removeprefix("Error: ") for each in answers]
    assert lines == [
        "nobody: no such client",
        f"{revoked.name}: the client was revoked",
        "--may-reach: unknown client",
        "--may-reach: unknown client",
        "nobody: no such client",
    ]


@pytest.mark.rule("OIDC-25")
def test_a_resource_belongs_to_one_active_client(system: System) -> None:
    resource = ("--resource", "https://pass.example/api")
    first, second = add_service(system).name, add_service(system).name
    register(system, *resource, name=first)

    taken = oidc(system, second, *resource)
    again = oidc(system, first, *resource)
    invoke(system, "clients", "revoke", first)
    freed = oidc(system, second, *resource)

    assert "--resource: resource taken" in taken.output
    assert [each.exit_code for each in (taken, again, freed)] == [1, 0, 0]


@pytest.mark.rule("OIDC-25")
def test_of_concurrent_registrations_of_a_resource_one_succeeds(system: System) -> None:
    names = [add_service(system).name for _ in range(6)]
    registration = Registration(display_name="通行證系統", resources=["https://pass.example/api"])

    def register_one(name: str) -> bool:
        with system.app.app_context():
            try:
                oidc_clients.register(system.ports, name, registration)
            except RegistrationError:
                return False
            return True

    done = run_concurrently([lambda name=name: register_one(name) for name in names])  # type: ignore[misc]  # the default

    assert sum(done) == 1


@pytest.mark.rule("OIDC-25")
def test_in_production_logouts_are_sent_over_https(system: System) -> None:
    name = add_service(system).name
    registration = Registration(
        display_name="通行證系統", redirect_uris=[REDIRECT_URI], backchannel_uri="http://pass.example/out"
    )
    in_production = replace(system.ports, rules=replace(system.ports.rules, https_only=True))

    with system.app.app_context():
        oidc_clients.register(system.ports, name, registration)
        with pytest.raises(RegistrationError, match="backchannel_uri: invalid_uri"):
            oidc_clients.register(in_production, name, registration)


@pytest.mark.rule("OIDC-25", "OIDC-29")
def test_the_audit_log_has_the_registration_without_queries_of_redirect_uris(system: System) -> None:
    name = add_service(system).name
    register(system, "--redirect-uri", f"{REDIRECT_URI}?key=secret-{unique()}", "--scope", "email", name=name)

    (row,) = system.audit("client.oidc_set")

    detail = json.loads(row.detail)
    assert (row.actor_kind, detail["client"], detail["redirect_uris"]) == ("operator", name, [REDIRECT_URI])
    assert (detail["scopes"], detail["auth"]) == (["openid", "email"], "secret")
    assert "secret-" not in row.detail

"""A narrower registration and a revocation end the client's grants (OIDC-25)."""

from typing import Any
from unittest import mock

import pytest
from identity.usecases import authorization_decision

from tests.support.actors.authorization_browser import ServiceBrowser
from tests.support.actors.oidc_clients import REDIRECT_URI, open_grant, register_oidc_client
from tests.support.harness.commands import invoke
from tests.support.harness.system import System

API = "https://pass.example/api"
SCOPES = ("--scope", "profile", "--scope", "email")
ACCEPTS = ("--accepts", "general,link")
RESOURCE = ("--resource", API)
REACH = ("--may-reach", "OTHER")


def client_with_grant(system: System) -> tuple[str, str]:
    """Return two clients that are notified of logouts, each with a grant. The first may reach the second."""
    person = system.person()
    options = {"accepts": ["general", "link"], "backchannel_uri": "https://pass.example/logout"}
    scopes = ["profile", "email"]
    other = register_oidc_client(system, scopes=scopes, **options).name
    client = register_oidc_client(system, scopes=scopes, resources=[API], may_reach=[other], **options).name
    for name in (client, other):
        open_grant(system, name, person)
    return client, other


def operate(system: System, *arguments: str) -> None:
    ended = invoke(system, "clients", *arguments)
    assert ended.exit_code == 0, ended.output


def register_again(system: System, name: str, *options: str) -> None:
    redirect = ("--redirect-uri", f"{REDIRECT_URI}/new")
    operate(system, "oidc", name, "--name", "通行證", *redirect, *options)


def reasons(system: System) -> dict[str, str | None]:
    return dict(tuple(row) for row in system.rows("SELECT client, ended_reason FROM grants"))


@pytest.mark.rule("OIDC-25")
@pytest.mark.parametrize(
    "options",
    [
        (*SCOPES[:2], *ACCEPTS, *RESOURCE, *REACH),
        (*SCOPES, "--accepts", "general", *RESOURCE, *REACH),
        (*SCOPES, *ACCEPTS, "--resource", f"{API}/other", *REACH),
        (*SCOPES, *ACCEPTS, *RESOURCE),
    ],
    ids=["scope", "kind of account", "resource", "reach"],
)
def test_a_narrower_registration_ends_the_grants(system: System, options: tuple[str, ...]) -> None:
    client, other = client_with_grant(system)

    register_again(system, client, *(other if each == "OTHER" else each for each in options))

    assert reasons(system) == {client: "scopes_cut", other: None}
    assert [len(system.audit(action)) for action in ("client.oidc_set", "grant.ended")] == [3, 1]


@pytest.mark.rule("OIDC-25")
def test_any_other_change_ends_no_grant(system: System) -> None:
    client, other = client_with_grant(system)

    register_again(
        system, client, *SCOPES, "--scope", "company", *ACCEPTS, *RESOURCE, "--may-reach", other, "--dpop"
    )

    assert reasons(system) == {client: None, other: None}


@pytest.mark.rule("OIDC-25", "SEC-12")
def test_revoking_a_client_ends_its_grants(system: System) -> None:
    client, other = client_with_grant(system)

    operate(system, "revoke", client)

    assert reasons(system) == {client: "client_revoked", other: None}
    assert [row.client for row in system.rows("SELECT client FROM logouts")] == [client]


@pytest.mark.rule("OIDC-25")
def test_a_refused_registration_changes_nothing_and_ends_no_grant(system: System) -> None:
    client, other = client_with_grant(system)
    before = system.rows("SELECT * FROM oidc_clients")

    refused = invoke(
        system, "clients", "oidc", client, "--name", "通行證", "--may-reach", "nobody", *RESOURCE
    )

    assert refused.exit_code == 1
    assert (reasons(system), system.rows("SELECT * FROM oidc_clients")) == (
        {client: None, other: None},
        before,
    )


@pytest.mark.rule("OIDC-25", "OIDC-8")
def test_a_request_overtaken_by_a_narrower_registration_gets_no_grant(system: System) -> None:
    client = register_oidc_client(system, scopes=["email"]).name
    browser = ServiceBrowser(system, system.logged_in(system.person()))
    proceed = authorization_decision.proceed

    def cut_and_proceed(*arguments: Any) -> Any:
        register_again(system, client)
        return proceed(*arguments)

    with mock.patch.object(authorization_decision, "proceed", cut_and_proceed):
        overtaken = browser.authorize(client, scope="openid email")

    assert overtaken.response.status_code == 503
    assert system.rows("SELECT 1 FROM grants") == []

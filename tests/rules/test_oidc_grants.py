"""Grants need active accounts, session, binding and client, and end on unbinding, suspension or logout (OIDC-8)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from identity.domain.grant import Grant
from identity.domain.oidc_client import OidcClient
from identity.usecases import operator_decisions, service_clients

from tests.support.actors.people import Person
from tests.support.harness.system import System

CLIENT = "pass"


@pytest.fixture
def client(system: System) -> str:
    with system.app.app_context():
        service_clients.add(system.ports, CLIENT, [])
        with system.ports.unit_of_work() as uow:
            uow.oidc_clients.add(
                OidcClient(
                    name=CLIENT,
                    display_name="通行證系統",
                    redirect_uris=["https://pass.example/callback"],
                    backchannel_uri="https://pass.example/logout",
                    scopes=["openid"],
                    accepts=["general"],
                    updated_at=system.clock.now(),
                )
            )
            uow.commit()
    return CLIENT


def grant_of(system: System, link: Person, general: Person, binding: str) -> Grant:
    (session_id,) = system.rows("SELECT id FROM sessions WHERE holder_id = :holder", holder=link.id)[0]
    now = system.clock.now()
    return Grant(
        id=system.ports.randomness.identifier(),
        client=CLIENT,
        session_id=session_id,
        holder_id=link.id,
        account_id=general.id,
        binding_id=binding,
        scopes=["openid"],
        auth_time=now,
        created_at=now,
        expires_at=now + timedelta(hours=12),
    )


def opens(system: System, grant: Grant) -> bool:
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        opened = uow.grants.open(grant)
        uow.commit()
    return opened


def unbind(system: System, link: Person, _general: Person, binding: str) -> None:
    assert system.logged_in(link).delete(f"/bindings/{binding}").status_code == 204


def suspend(system: System, _link: Person, general: Person, _binding: str) -> None:
    with system.app.app_context():
        operator_decisions.suspend(system.ports, general.username)


def revoke(system: System, *_: object) -> None:
    with system.app.app_context():
        service_clients.revoke(system.ports, CLIENT)


def close_session(system: System, link: Person, *_: object) -> None:
    account = system.logged_in(link)
    assert account.delete("/sessions").status_code == 204


End = Callable[[System, Person, Person, str], None]


@pytest.mark.rule("OIDC-8")
@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("end", [unbind, suspend, revoke, close_session])
def test_no_grant_is_opened_after_its_binding_account_client_or_session_ended(
    system: System, end: End
) -> None:
    link, general = system.person("link"), system.person()
    binding = system.bind_and_verify(system.logged_in(link), general)
    stale = grant_of(system, link, general, binding)

    opened = opens(system, grant_of(system, link, general, binding))
    end(system, link, general, binding)

    assert (opened, opens(system, stale)) == (True, False)


@pytest.mark.rule("OIDC-8")
@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("end", [unbind, suspend, close_session])
def test_a_grant_ends_with_its_binding_account_or_session_and_its_client_is_owed_a_logout(
    system: System, end: End
) -> None:
    link, general = system.person("link"), system.person()
    binding = system.bind_and_verify(system.logged_in(link), general)
    grant = grant_of(system, link, general, binding)
    opens(system, grant)

    end(system, link, general, binding)

    ended = system.rows("SELECT ended_at IS NOT NULL FROM grants WHERE id = :id", id=grant.id)
    owed = system.rows("SELECT client, sub FROM logouts WHERE grant_id = :id", id=grant.id)
    recorded = system.rows("SELECT detail FROM audit WHERE action = 'grant.ended'")
    assert ([bool(each) for (each,) in ended], [tuple(each) for each in owed]) == (
        [True],
        [(CLIENT, general.id)],
    )
    assert [grant.id in detail for (detail,) in recorded] == [True]

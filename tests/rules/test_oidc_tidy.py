"""`identity tidy` deletes codes, tokens and proofs past their validity, and grants 30 days after their end (OPS-6)."""

from datetime import timedelta

import pytest
from identity.adapters.sql import purger
from identity.adapters.sql.purger import SqlPurger
from identity.domain.grant import Grant
from identity.domain.jwt_replay import SingleUse

from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_code, open_grant, register_oidc_client
from tests.support.harness.system import System

COUNTED = ("grant_codes", "grant_tokens", "seen_proofs", "grants")


def tidied(system: System) -> dict[str, int]:
    """Delete expired rows; return the remaining number of rows in each table of `COUNTED`."""
    now = system.clock.now()
    SqlPurger(system.engine).purge(now, idle_since=now - timedelta(days=1))
    return {name: system.rows(f"SELECT count(*) FROM {name}")[0][0] for name in COUNTED}


@pytest.mark.rule("OPS-6", "OIDC-9", "OIDC-14", "OIDC-16", "OIDC-17")
def test_each_row_is_deleted_after_its_validity(system: System) -> None:
    service = OAuthCaller(system, register_oidc_client(system, may_refresh=True))
    grant = open_grant(system, service.name, system.person())
    used = service.redeem(issue_code(system, grant)).json()["refresh_token"]
    service.refresh(used)
    issue_code(system, grant)
    with system.app.app_context():
        system.ports.seen_proofs.first_use(SingleUse("a" * 64, system.clock.now() + timedelta(minutes=2)))

    left = []
    for wait in (timedelta(seconds=59), timedelta(seconds=1), timedelta(minutes=9), timedelta(hours=12)):
        system.clock.advance(seconds=wait.total_seconds())
        left.append(tuple(tidied(system).values()))

    assert left == [(2, 4, 1, 1), (0, 4, 1, 1), (0, 2, 0, 1), (0, 0, 0, 1)]


@pytest.mark.rule("OPS-6")
def test_grants_are_deleted_with_their_children_30_days_after_their_end_in_batches(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purger, "BATCH_SIZE", 2)
    service = OAuthCaller(system, register_oidc_client(system))
    link, general = system.person("link"), system.person()
    parent = open_grant(system, service.name, link, general=general)
    for _ in range(3):
        open_child(system, parent)
    session = system.logged_in(link)
    (binding,) = session.get("/bindings").json()["items"]
    assert session.delete(f"/bindings/{binding['id']}").status_code == 204
    kept = open_grant(system, service.name, system.person())

    system.clock.advance(days=29, hours=23)
    early = tidied(system)["grants"]
    system.clock.advance(hours=1)
    late = tidied(system)["grants"]

    assert (early, late) == (5, 1)
    assert [row.id for row in system.rows("SELECT id FROM grants")] == [kept]


def open_child(system: System, parent_id: str) -> None:
    with system.app.app_context(), system.ports.unit_of_work() as uow:
        parent = uow.grants.get(parent_id)
        assert parent is not None
        child = Grant(
            id=system.ports.randomness.identifier(),
            client=parent.client,
            session_id=parent.session_id,
            holder_id=parent.holder_id,
            account_id=parent.account_id,
            binding_id=parent.binding_id,
            parent_id=parent.id,
            scopes=parent.scopes,
            auth_time=parent.auth_time,
            created_at=parent.created_at,
            expires_at=parent.expires_at,
        )
        assert uow.grants.open(child)
        uow.commit()

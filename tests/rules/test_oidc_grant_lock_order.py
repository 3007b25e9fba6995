"""Operations that end several grants lock parents first, then by id, so that they cannot deadlock (OIDC-8, OIDC-21)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from identity.usecases import service_clients
from sqlalchemy import text

from tests.support.actors.oidc_clients import open_grant, register_oidc_client
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System
from tests.support.servers.postgres import has_lock_wait

_LOCK = text("SELECT id FROM grants WHERE id = :id FOR UPDATE SKIP LOCKED")


def rename(system: System, *, old: str, new: str, parent: str | None = None) -> None:
    with system.engine.begin() as connection:
        connection.execute(
            text("UPDATE grants SET id = :new, parent_id = :parent WHERE id = :old"),
            {"old": old, "new": new, "parent": parent},
        )


@pytest.mark.rule("OIDC-8", "OIDC-21")
@pytest.mark.parametrize("is_parent", [False, True])
def test_grants_are_locked_by_id_and_parents_first(
    start_system_on_postgresql: StartSystem, *, is_parent: bool
) -> None:
    system = start_system_on_postgresql()
    client, person = register_oidc_client(system).name, system.person()
    grants = [open_grant(system, client, person) for _ in range(2)]
    rename(system, old=grants[0], new="b")  # the table then returns this grant first
    rename(system, old=grants[1], new="a", parent="b" if is_parent else None)
    first, later = ("b", "a") if is_parent else ("a", "b")

    def revoke() -> None:
        with system.app.app_context():
            service_clients.revoke(system.ports, client)

    with ThreadPoolExecutor(1) as pool, system.engine.connect() as holder:
        holder.execute(_LOCK, {"id": first})
        ending = pool.submit(revoke)
        wait_until(lambda: has_lock_wait(system.engine), what="the operation to wait for the first grant")
        is_free = bool(holder.execute(_LOCK, {"id": later}).all())
        holder.rollback()
        ending.result(10)

    assert is_free
    assert [row.ended_reason for row in system.rows("SELECT ended_reason FROM grants")] == [
        "client_revoked"
    ] * 2

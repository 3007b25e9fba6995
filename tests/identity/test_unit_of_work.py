"""The unit of work: the transaction of a use case."""

import sqlite3
from contextlib import ExitStack

import pytest

from tests.support.harness.system import Servers, System


def test_on_sqlite_a_unit_of_work_is_the_only_writer_after_its_first_statement(
    servers: Servers, sqlite_url: str
) -> None:
    with ExitStack() as stack:
        system = System(servers, sqlite_url, stack)
        stack.enter_context(system.app.app_context())
        work = stack.enter_context(system.ports.unit_of_work())
        rival = stack.enter_context(sqlite3.connect(system.engine.url.database or "", timeout=0))

        work.accounts.get("nobody")

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            rival.execute("BEGIN IMMEDIATE")


@pytest.mark.rule("EVT-2")
def test_a_unit_of_work_rolls_back_without_a_commit(system: System) -> None:
    person = system.person()

    with system.app.app_context(), system.ports.unit_of_work() as work:
        account = work.accounts.locked(person.id)
        assert account is not None
        account.name = "王小明"
        work.flush()

    (row,) = system.rows("SELECT name FROM accounts WHERE id = :id", id=person.id)
    assert row.name != "王小明"


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_rolled_back_savepoint_keeps_earlier_changes(system: System, *, is_kept: bool) -> None:
    with system.app.app_context(), system.ports.unit_of_work() as work:
        work.record_action("session.opened", "before")
        with work.savepoint(keep=is_kept):
            work.record_action("session.opened", "within")
        work.commit()

    assert [row.account_id for row in system.audit()] == ["before", "within"][: 1 + is_kept]

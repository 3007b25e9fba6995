"""The runbook's commands for PostgreSQL and Redis work (deploy/runbook.md)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from identity.adapters.redis_collectors import StreamCollector
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from port_events.envelope import MAIL_STREAM, STREAM
from port_events.redis_client import check_writable, connect
from port_runtime.settings import load
from redis.exceptions import AuthenticationError

from deploy.redis.acl import roles
from tests.support.harness.commands import invoke
from tests.support.harness.polling import wait_until
from tests.support.harness.system import Servers, System
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def system_on_postgresql(servers: Servers, postgresql_url: str, stack: ExitStack) -> System:
    return System(servers, postgresql_url, stack)


@pytest.mark.rule("EVT-2", "OPS-7")
def test_the_next_relay_leads_at_once_after_the_leaders_connection_is_terminated(
    system_on_postgresql: System,
) -> None:
    system = system_on_postgresql
    system.publish()
    standby = Relay(load(RelaySettings, system.environment), clock=system.clock)
    before = standby.election.acquire()

    holders = (
        "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    with psycopg.connect(system.database_url.replace("+psycopg", ""), autocommit=True) as administrator:
        ((pid,),) = administrator.execute(holders).fetchall()
        administrator.execute("SELECT pg_terminate_backend(%s)", [pid])
        wait_until(lambda: not administrator.execute(holders).fetchall(), what="the end of the connection")
    after = standby.election.acquire()

    standby.election.release()
    standby.close()
    assert (before, after) == (False, True)


@pytest.mark.rule("OPS-7")
def test_a_dump_is_restored_into_an_empty_database(
    servers: Servers, system_on_postgresql: System, postgres: PostgresCluster, stack: ExitStack
) -> None:
    person = system_on_postgresql.person()
    restored = postgres.create_database()
    stack.callback(postgres.drop_database, restored)
    postgres.copy(system_on_postgresql.database_url, restored)
    engine = open_engine(restored)
    migrate(engine)
    engine.dispose()
    system = System(servers, restored, stack)

    checked = invoke(system, "check")

    assert checked.exit_code == 0, checked.output
    assert system.visitor().log_in(person).status_code == 201


@pytest.mark.rule("SEC-10")
def test_a_user_of_redis_changes_its_password_while_both_are_valid(
    start_redis: Callable[..., RedisServer],
) -> None:
    server = start_redis(users={"relay": f">old {roles()['relay']}", "admin": ">secret ~* &* +@all"})
    with (
        connect(server.url_for("relay", "old")) as before,
        connect(server.url_for("admin", "secret")) as admin,
    ):
        check_writable(before, "identity.events:mark:check")
        admin.execute_command("ACL", "SETUSER", "relay", ">new")
        with connect(server.url_for("relay", "new")) as meanwhile:
            check_writable(meanwhile, "identity.events:mark:check")
        admin.execute_command("ACL", "SETUSER", "relay", "<old")
        check_writable(before, "identity.events:mark:check")  # open connections are not closed
        admin.execute_command("ACL", "SAVE")
        admin.execute_command("ACL", "LOAD")

    with connect(server.url_for("relay", "new")) as after, connect(server.url_for("relay", "old")) as late:
        check_writable(after, "identity.events:mark:check")
        with pytest.raises(AuthenticationError):
            check_writable(late, "identity.events:mark:check")


@pytest.mark.rule("OPS-4")
def test_a_destroyed_group_has_no_metrics(system: System) -> None:
    def groups() -> set[str]:
        return {label for each in StreamCollector(client, STREAM).collect() for label in each.labels}

    with system.redis.client() as client:
        system.register()
        system.publish()
        client.xgroup_create(STREAM, "abandoned", id="0")
        before = groups()

        client.xgroup_destroy(STREAM, "abandoned")

        assert before - groups() == {"abandoned"}


@pytest.mark.rule("SEC-9", "MAIL-3")
def test_sent_mails_may_be_trimmed_from_the_stream(system: System) -> None:
    people = [system.register()]
    system.wait_for_mails()

    with system.redis.client() as administrator:
        administrator.xtrim(MAIL_STREAM, maxlen=0, approximate=False)
    people.append(system.register())
    system.wait_for_mails()
    system.relay.find_lost_mails()

    states = system.rows("SELECT mail_state FROM outbox WHERE mail_state IS NOT NULL")
    assert [row.mail_state for row in states] == ["sent", "sent"]
    assert [system.mailbox.count(person.email) for person in people] == [1, 1]

"""Each process does its work with its own PostgreSQL role, which permits nothing else (SEC-17)."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from identity.adapters.database_collectors import (
    AuditCollector,
    LogoutCollector,
    OutboxCollector,
    SessionCollector,
    TidyCollector,
)
from identity.adapters.sql.engine import database_probe, open_engine
from identity.adapters.sql.migration_runner import migrate
from identity.adapters.sql.schema import metadata
from identity.cli import main
from identity.metrics.web import TIDY_LAST_SUCCESS
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from identity.usecases.backchannel_logout import end_expired
from port_runtime.settings import load
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from tests.support import ROOT
from tests.support.actors.grants import add_oidc_client, open_grant_with_token
from tests.support.actors.logouts import logouts, notify_clients, notify_ports
from tests.support.actors.profile_changes import request_email_change
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import Servers, System
from tests.support.servers.logout_receiver import logout_receiver
from tests.support.servers.postgres import PostgresCluster

pytestmark = pytest.mark.rule("SEC-17")

ROLES = ("identity_web", "identity_relay", "identity_notify", "identity_tidy", "identity_migrate")
PASSWORD = "of-the-roles-in-the-tests"
BY_TIDY = ("accounts", "bindings", "email_changes", "idle", "rows", "facts", "audit_rows")
FORBIDDEN = {
    "identity_web": (
        "DELETE FROM logouts",
        "DELETE FROM audit",
        "UPDATE audit SET reason = ''",
        "UPDATE audit SET mac = ''",
        "INSERT INTO audit (place) VALUES (1)",
        "TRUNCATE audit",
        "SELECT FROM audit_segments",
        "DELETE FROM audit_anchor",
        "UPDATE outbox SET ce = ''",
        "DELETE FROM outbox",
        "DELETE FROM accounts",
        "UPDATE alembic_version SET version_num = ''",
        "DROP TABLE audit",
        "ALTER TABLE audit ADD COLUMN more text",
        "CREATE TABLE more ()",
        "SET ROLE identity_tidy",
    ),
    "identity_relay": (
        "UPDATE accounts SET password_hash = ''",
        "SELECT password_hash FROM accounts",
        "SELECT FROM sessions",
        "UPDATE audit SET reason = ''",
        "DELETE FROM audit",
        "UPDATE audit_segments SET seal = ''",
        "DELETE FROM audit_anchor",
        "UPDATE outbox SET ce = ''",
        "DELETE FROM outbox",
        "DROP TABLE outbox",
        "CREATE TABLE more ()",
    ),
    "identity_notify": (
        "SELECT email FROM accounts",
        "SELECT FROM sessions",
        "SELECT claims FROM grants",
        "SELECT digest FROM grant_tokens",
        "SELECT FROM clients",
        "SELECT redirect_uris FROM oidc_clients",
        "UPDATE oidc_clients SET backchannel_uri = ''",
        "UPDATE grants SET expires_at = now()",
        "UPDATE logouts SET sub = ''",
        "DELETE FROM logouts",
        "SELECT FROM outbox",
        "SELECT detail FROM audit",
        "UPDATE audit SET reason = ''",
        "CREATE TABLE more ()",
        "SET ROLE identity_web",
    ),
    "identity_tidy": (
        "UPDATE audit SET reason = ''",
        "UPDATE audit SET mac = ''",
        "UPDATE audit_anchor SET head = ''",
        "UPDATE accounts SET email = ''",
        "UPDATE sessions SET account_id = ''",
        "INSERT INTO sessions DEFAULT VALUES",
        "SELECT FROM clients",
        "DROP TABLE audit",
        "CREATE TABLE more ()",
    ),
    "identity_migrate": ("CREATE ROLE more", "CREATE SCHEMA more"),
}


def _dsn(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def _apply_script(url: str) -> None:
    printed = CliRunner().invoke(main, ["database", "roles"])
    with psycopg.connect(_dsn(url), autocommit=True) as connection:
        connection.execute(printed.output.encode())


def _set_passwords(url: str) -> dict[str, str]:
    """Give each role a password; return the URLs by role."""
    with psycopg.connect(_dsn(url), autocommit=True) as connection:
        for role in ROLES:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), PASSWORD))
    return {role: f"postgresql+psycopg://{role}:{PASSWORD}@{url.rpartition('@')[2]}" for role in ROLES}


def _migrate(url: str) -> None:
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def admin_url(postgres: PostgresCluster) -> Iterator[str]:
    """The URL of an empty database for the administrator."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="module")
def urls(admin_url: str) -> dict[str, str]:
    """The URL of each role, in a database that was prepared for the roles and then migrated."""
    _apply_script(admin_url)
    urls = _set_passwords(admin_url)
    _migrate(urls["identity_migrate"])
    return urls


@pytest.fixture
def system(servers: Servers, urls: dict[str, str]) -> Iterator[System]:
    """A system whose web server and relay use their own roles."""
    with ExitStack() as stack:
        system = System(servers, urls["identity_web"], stack)
        system.relay.close()
        system.relay = _relay(system, urls)
        yield system


def _relay(system: System, urls: dict[str, str]) -> Relay:
    settings = {**system.environment, "IDENTITY_DATABASE_URL": urls["identity_relay"]}
    return Relay(load(RelaySettings, settings), clock=system.clock)


def test_every_process_does_its_work_with_its_own_role(system: System, urls: dict[str, str]) -> None:
    by_relay, by_tidy, by_notify = (
        {"IDENTITY_DATABASE_URL": urls[f"identity_{name}"]} for name in ("relay", "tidy", "notify")
    )
    _use_accounts(system)
    _use_a_service(system, urls)
    _run(system, "check")
    _run(system, "check", "--as", "relay", **by_relay)
    _run(system, "check", "--as", "notify", **by_notify)
    _run(system, "check", "--as", "tidy", **by_tidy)
    _run(system, "clients", "add", "port", "--right", "events:read")
    _run(system, "events", "status")
    system.wait_for_mails()
    system.relay.extend_chain()
    _run(system, "audit", "verify", **by_relay)
    _run(system, "audit", "accept", "--reason", "restored", **by_relay)
    system.clock.advance(days=400)
    system.publish()

    retention = {"IDENTITY_IDLE_DISABLED": "200d", "IDENTITY_AUDIT_KEPT": "300d"}
    counts = json_output(invoke(system, "tidy", "--json", **by_tidy, **retention))

    assert [name for name in BY_TIDY if not counts[name]] == []


def _use_accounts(system: System) -> None:
    """Use the system as people do, and leave rows that lapse and expire."""
    general, other, erased = system.person(), system.person(), system.person()
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, general)
    assert link.switch(binding).is_success
    assert link.switch_back().is_success
    assert link.delete(f"/bindings/{binding}").is_success
    request_email_change(system.logged_in(general), general)
    system.bind(link, other)
    system.register()
    _run(system, "accounts", "erase", erased.username, "--yes", "--reason", "their wish")


def _use_a_service(system: System, urls: dict[str, str]) -> None:
    """End one login at a service with its session, another by its absolute limit; notify the service of both."""
    person = system.person()
    system.logged_in(person)
    with logout_receiver() as service:
        client = add_oidc_client(system, backchannel_uri=f"{service.url}/logout")
        open_grant_with_token(system, client, person, hours=1)
        service.answers = [503, 400]
        with notify_ports(system, IDENTITY_DATABASE_URL=urls["identity_notify"]) as notify:
            system.clock.advance(hours=1)
            assert end_expired(notify) == 1
            notify_clients(notify)
            system.clock.advance(seconds=2)
            session = system.logged_in(person)
            open_grant_with_token(system, client, person)
            assert session.delete("/session").is_success
            assert notify_clients(notify) == 2
    assert {row.outcome for row in logouts(system)} == {"told", "status 400"}


def _run(system: System, *command: str, **settings: str) -> None:
    ended = invoke(system, *command, **settings)
    assert ended.exit_code == 0, ended.output


def test_a_relay_waits_for_the_leader_of_the_same_role(system: System, urls: dict[str, str]) -> None:
    system.publish()
    standby = _relay(system, urls)

    leads = standby.election.acquire()

    standby.election.release()
    standby.close()
    assert not leads


@pytest.fixture
def second_urls(admin_url: str, urls: dict[str, str]) -> Iterator[dict[str, str]]:
    """The URLs of second roles, created with the statements of the runbook."""
    _, _, section = (
        (ROOT / "deploy/runbook.md").read_text().partition("### Passwords of database roles and Redis")
    )
    new_role, old_role = (part.partition("```")[0] for part in section.split("```sql\n")[1:3])
    with psycopg.connect(_dsn(admin_url), autocommit=True) as connection:
        for role in urls:
            name = sql.Identifier(f"{role}_2")
            for line in (new_role + old_role).replace("identity_web", role).splitlines():
                if line.startswith("\\password"):  # psql's command, which sends this statement with a hash
                    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, PASSWORD))
                else:
                    connection.execute(line.encode())
        yield {role: url.replace(f"//{role}:", f"//{role}_2:") for role, url in urls.items()}
        for role in urls:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(f"{role}_2")))
            restored = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}")
            connection.execute(restored.format(sql.Identifier(role), PASSWORD))


def test_a_second_role_with_the_same_privileges_replaces_the_first(
    servers: Servers, second_urls: dict[str, str]
) -> None:
    with ExitStack() as stack:
        system = System(servers, second_urls["identity_web"], stack)
        system.relay.close()
        system.relay = _relay(system, second_urls)

        system.person()
        system.wait_for_mails()
        system.relay.extend_chain()
        with notify_ports(system, IDENTITY_DATABASE_URL=second_urls["identity_notify"]) as notify:
            notify_clients(notify)
        _run(system, "tidy", IDENTITY_DATABASE_URL=second_urls["identity_tidy"])
        _run(system, "check")


def test_each_process_reads_its_readiness_and_metrics(urls: dict[str, str]) -> None:
    web, relay, notify = (open_engine(urls[f"identity_{name}"]) for name in ("web", "relay", "notify"))

    for engine in (web, relay, notify):
        database_probe(engine)()
    found = [*SessionCollector(web, idle_seconds=60).collect(),
             *TidyCollector(web, idle_seconds=60).collect(),
             *OutboxCollector(relay).collect(), *AuditCollector(relay).collect(),
             *LogoutCollector(notify).collect()]  # fmt: skip

    for engine in (web, relay, notify):
        engine.dispose()
    # TIDY_LAST_SUCCESS is absent before tidy has run.
    assert len([each for each in found if each.metric is not TIDY_LAST_SUCCESS]) == 12


@pytest.mark.parametrize(
    ("role", "statement"), [(role, each) for role, statements in FORBIDDEN.items() for each in statements]
)
def test_a_role_has_no_other_privileges(urls: dict[str, str], role: str, statement: str) -> None:
    with psycopg.connect(_dsn(urls[role])) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.usefixtures("urls")
def test_the_migrations_role_owns_every_table_and_repeating_the_script_changes_nothing(
    admin_url: str,
) -> None:
    before = _rights(admin_url)

    _apply_script(admin_url)

    assert _rights(admin_url) == before
    assert {table: owner for table, owner, _ in before} == dict.fromkeys(
        [*metadata.tables, "alembic_version"], "identity_migrate"
    )
    assert [table for table, _, rights in before if not any(role in rights for role in ROLES[:3])] == []


def _rights(url: str) -> list[tuple[Any, ...]]:
    """Return each table with its owner and the privileges of the roles on the table and its columns."""
    query = (
        "SELECT relname, rolname, relacl::text || coalesce((SELECT string_agg(attname || attacl::text, ' ' ORDER BY"
        " attname) FROM pg_attribute WHERE attrelid = pg_class.oid), '') FROM pg_class"
        " JOIN pg_roles ON pg_roles.oid = relowner WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " ORDER BY relname"
    )
    with psycopg.connect(_dsn(url)) as connection:
        return connection.execute(query).fetchall()

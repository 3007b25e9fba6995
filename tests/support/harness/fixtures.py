"""Fixtures for the running system, loaded by tests/conftest.py."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from mailer.process import MailerProcess
from mailer.settings import Settings as MailerSettings
from port_events.sealing import new_key_sets
from port_runtime.settings import load

from tests.support.harness.clock import FakeClock
from tests.support.harness.installation import Installation
from tests.support.harness.settings import mailer_settings
from tests.support.harness.system import Servers, System
from tests.support.servers.lifecycle import started
from tests.support.servers.postgres import PostgresCluster, database_name
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

StartSystem = Callable[..., System]
NewInstallation = Callable[[str], Installation]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Redis, SMTP server and mailer for all tests of this process that neither stop nor wipe them."""
    with started(RedisServer()) as redis, started(SmtpServer()) as smtp:
        keys, clock = new_key_sets(), FakeClock()
        settings = load(MailerSettings, mailer_settings(keys, redis_url=redis.url, smtp_url=smtp.url))
        mailer = MailerProcess.build(settings, clock=clock)
        mailer.start()
        yield Servers(redis=redis, smtp=smtp, keys=keys, clock=clock)
        mailer.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, which each test copies."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresCluster) -> str:
    """The name of a migrated PostgreSQL database, from which each test's database is created."""
    url = postgres.create_database()
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return database_name(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database for a test, which runs on SQLite and on PostgreSQL."""
    yield from _database(request, request.param)


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated SQLite database, for behaviour that does not depend on the database."""
    yield from _database(request, "sqlite")


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database, for behaviour that only PostgreSQL has."""
    yield from _database(request, "postgresql")


def _database(request: pytest.FixtureRequest, kind: str) -> Iterator[str]:
    """Create a database under the same URL for each test, so that applications of earlier tests can be reused."""
    if kind == "postgresql":
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        url = cluster.create_database(template=request.getfixturevalue("postgres_template"), name="identity")
        yield url
        cluster.drop_database(url)
        return
    template: Path = request.getfixturevalue("sqlite_template")
    path = template.with_name("identity.db")
    shutil.copy(template, path)
    yield f"sqlite:///{path}"
    for file in path.parent.glob("identity.db*"):
        file.unlink()


@pytest.fixture
def start_system(servers: Servers, database_url: str) -> Iterator[StartSystem]:
    """A function that starts the system, e.g. `start_system(IDENTITY_REVIEW="both")`, on each kind of database."""
    with ExitStack() as stack:
        yield lambda **options: System(servers, database_url, stack, **options)


@pytest.fixture
def start_system_on_postgresql(servers: Servers, postgresql_url: str) -> Iterator[StartSystem]:
    """A function that starts the system with settings on PostgreSQL only."""
    with ExitStack() as stack:
        yield lambda **options: System(servers, postgresql_url, stack, **options)


@pytest.fixture
def system(start_system: StartSystem) -> System:
    """The system with default settings, on each kind of database."""
    return start_system()


@pytest.fixture
def new_installation(
    redis_server: RedisServer, smtp_server: SmtpServer, tmp_path: Path
) -> Iterator[NewInstallation]:
    """A function that creates an installation on a database. The processes end after the test."""
    with ExitStack() as stack:
        yield lambda url: Installation(redis_server, smtp_server, url, stack=stack, directory=tmp_path)


@pytest.fixture
def lone_redis(redis_server: RedisServer) -> Iterator[Any]:
    """A client of `redis_server`, which has no mailer. Untyped: redis-py's types combine sync and async answers."""
    with redis_server.client() as client:
        yield client


@pytest.fixture
def lone_relay(system: System, redis_server: RedisServer) -> Iterator[Relay]:
    """A relay of the system on `redis_server`, which has no mailer."""
    settings = load(RelaySettings, {**system.environment, "REDIS_URL": redis_server.url})
    with closing(Relay(settings, clock=system.clock)) as relay:
        yield relay


# The database is the first argument, so that it is removed after the processes have ended.
@pytest.fixture
def installation(database_url: str, new_installation: NewInstallation) -> Installation:
    """An installation without running processes, on each kind of database."""
    return new_installation(database_url)


@pytest.fixture
def installation_on_postgresql(postgresql_url: str, new_installation: NewInstallation) -> Installation:
    return new_installation(postgresql_url)


@pytest.fixture
def installation_on_sqlite(sqlite_url: str, new_installation: NewInstallation) -> Installation:
    """An installation on SQLite only, for behaviour that does not depend on the database."""
    return new_installation(sqlite_url)

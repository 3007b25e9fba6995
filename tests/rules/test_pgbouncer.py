"""Identity works behind PgBouncer in transaction mode."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support.actors.people import Person
from tests.support.harness.polling import wait_until
from tests.support.harness.system import Servers, System
from tests.support.servers.optional_programs import PGBOUNCER
from tests.support.servers.ports import free_port
from tests.support.servers.postgres import NOBODY, PostgresCluster

THREADS, ROUNDS = 4, 8


@pytest.fixture
def pooled_url(postgresql_url: str, postgres: PostgresCluster, tmp_path: Path) -> Iterator[str]:
    """The URL of the database through PgBouncer with two server connections."""
    program, port = PGBOUNCER.require(), free_port()
    configuration = tmp_path / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = host=127.0.0.1 port={postgres.port} user=postgres password={postgres.password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 2\n"
    )
    is_root = os.geteuid() == 0
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if is_root else []
    # On standard input, because another user may not read the directories of the tests.
    with configuration.open() as its_input:
        command += [str(program), "-q", "/dev/stdin"]
        process = subprocess.Popen(
            command, stdin=its_input, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    url = postgresql_url.replace(f":{postgres.port}/", f":{port}/")
    try:
        wait_until(lambda: _answers(url), what="PgBouncer to answer")
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), prepare_threshold=None).close()
    except psycopg.OperationalError:
        return False
    return True


def test_requests_share_the_server_connections_of_a_pooler(
    servers: Servers, pooled_url: str, postgresql_url: str
) -> None:
    with ExitStack() as stack:
        system = System(
            servers, pooled_url, stack, direct_url=postgresql_url, IDENTITY_DATABASE_POOLER="transaction"
        )
        people = [system.person("link") for _ in range(THREADS)]

        def act(person: Person) -> list[int]:
            visitor = system.logged_in(person)
            return [visitor.get("/session").status_code for _ in range(ROUNDS)]

        with ThreadPoolExecutor(THREADS) as threads:
            statuses = list(threads.map(act, people))

        assert statuses == [[200] * ROUNDS] * THREADS


@pytest.fixture
def taipei_url(postgresql_url: str) -> str:
    """The URL of the database, whose time zone is not UTC."""
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET timezone = 'Asia/Taipei'").format(name))
    return postgresql_url


@pytest.mark.parametrize("pooler", ["none", "transaction"])
def test_times_are_in_utc_whatever_the_time_zone_of_the_database_is(
    servers: Servers, taipei_url: str, pooler: str, request: pytest.FixtureRequest
) -> None:
    with ExitStack() as stack:
        # PgBouncer starts after the change of `taipei_url`, because it reads the time zone when it connects first.
        url = request.getfixturevalue("pooled_url") if pooler == "transaction" else taipei_url
        system = System(
            servers, url, stack, own_app=True, direct_url=taipei_url, IDENTITY_DATABASE_POOLER=pooler
        )
        visitor = system.logged_in(system.person("general"))

        (session,) = visitor.get("/sessions").json()["items"]

    created_at = datetime.fromisoformat(session["created_at"])
    assert session["created_at"].endswith("Z")
    assert abs(created_at - system.clock.now()) < timedelta(minutes=1)

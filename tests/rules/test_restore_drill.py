"""The scripts for backup and restore, and the runbook's steps after a restore.

`make restore-drill` also prints how long the backup, the restore and the start took.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partialmethod
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate
from port_events.envelope import STREAM, from_fields
from sqlalchemy import make_url

from tests.support import ROOT
from tests.support.actors.people import Person
from tests.support.actors.service_clients import service_visitor
from tests.support.harness.commands import invoke
from tests.support.harness.processes import base_environment, executable
from tests.support.harness.system import Servers, System
from tests.support.servers.lifecycle import started
from tests.support.servers.postgres import PostgresCluster, programs

pytestmark = [pytest.mark.rule("SEC-11"), pytest.mark.processes]

SCRIPTS = ROOT / "deploy/kubernetes/components/backup"
BACKUP_ROLE = "CREATE ROLE identity_backup LOGIN PASSWORD 'backup'; GRANT pg_read_all_data TO identity_backup"


class Stopwatch:
    def __init__(self) -> None:
        self._began: list[tuple[str, float]] = []

    def start(self, step: str) -> None:
        """End the previous step and begin this one."""
        self._began.append((step, time.monotonic()))

    stop = partialmethod(start, "")

    def print(self) -> None:
        """Print the duration of each step, and of all steps, in minutes."""
        for (step, began), (_, ended) in pairwise(self._began):
            print(f"\n{step}: {(ended - began) / 60:.2f} min", end="")  # noqa: T201  # for `make restore-drill`
        print(f"\nall: {(self._began[-1][1] - self._began[0][1]) / 60:.2f} min")  # noqa: T201  # as above


@dataclass(frozen=True, slots=True)
class Drill:
    """A migrated database at `url` on the server `old`, and a directory for its dump."""

    old: PostgresCluster
    url: str
    directory: Path

    def dump(self) -> Path:
        """Dump the database with a role that may only read; return the dump's path."""
        url = make_url(self.url).set(username="identity_backup", password="backup")
        ended = _script("backup.sh", str(self.directory), url=url.render_as_string(hide_password=False))
        assert ended.returncode == 0, ended.stderr
        return Path(ended.stdout.strip())

    def restore(self, dump: Path, new: PostgresCluster) -> str:
        """Drop the database, restore it on a new server and set its roles' passwords; return the new URL."""
        self.old.drop_database(self.url)
        url = new.create_database(name="identity")
        ended = _script("restore.sh", str(dump), url=url)
        assert ended.returncode == 0, ended.stderr
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            for role in ("identity_web", "identity_relay", "identity_migrate"):
                connection.execute(f"ALTER ROLE {role} PASSWORD '{role}'")
        return url


def _script(name: str, argument: str, *, url: str, first: str = "") -> subprocess.CompletedProcess[str]:
    server = make_url(url)
    environment = base_environment() | {
        "PATH": os.pathsep.join(
            (first, str(programs()), str(Path(executable("identity")).parent), os.environ["PATH"])
        ).lstrip(os.pathsep),
        "PGHOST": str(server.host),
        "PGPORT": str(server.port),
        "PGUSER": str(server.username),
        "PGPASSWORD": str(server.password),
        "PGDATABASE": str(server.database),
    }
    command = ["sh", str(SCRIPTS / name), argument]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresCluster]:
    with (
        started(PostgresCluster(fsync=False)) as cluster,
        psycopg.connect(cluster.url().replace("+psycopg", ""), autocommit=True) as connection,
    ):
        connection.execute(BACKUP_ROLE)
        yield cluster


@pytest.fixture
def new() -> Iterator[PostgresCluster]:
    with started(PostgresCluster(fsync=False)) as cluster:
        yield cluster


@pytest.fixture
def drill(server: PostgresCluster, tmp_path: Path) -> Drill:
    drill = Drill(server, server.create_database(), tmp_path)
    _migrate(drill.url)
    return drill


def _migrate(url: str) -> None:
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role, password=role).render_as_string(hide_password=False)


def _start(servers: Servers, url: str, stack: ExitStack) -> System:
    """Migrate the restored database and start web server and relay, each with its own role; run `identity check`."""
    _migrate(_as(url, "identity_migrate"))
    system = System(servers, _as(url, "identity_web"), stack, direct_url=_as(url, "identity_relay"))
    checked = invoke(system, "check")
    assert checked.exit_code == 0, checked.output
    return system


def _work(system: System) -> Person:
    """Register a person, wait for the mails, and extend the audit chain over all rows."""
    person = system.person()
    system.wait_for_mails()
    system.relay.extend_chain()
    return person


def _audit(system: System, *arguments: str) -> Result:
    return invoke(
        system, "audit", *arguments, IDENTITY_DATABASE_URL=_as(system.database_url, "identity_relay")
    )


def _outbox(system: System) -> list[Any]:
    return system.rows("SELECT position, event_id FROM outbox ORDER BY position")


def _published(system: System, since: str) -> list[str]:
    """Return the ids of this system's events in the stream after the entry `since`."""
    ours = {row.event_id for row in _outbox(system)}
    with system.redis.client() as client:
        entries: Any = client.xrange(STREAM, f"({since}")
    ids = [from_fields(entry_id, fields).event.id for entry_id, fields in entries]
    return [each for each in ids if each in ours]


def _newest_entry(servers: Servers) -> str:
    with servers.redis.client() as client:
        found: Any = client.xrevrange(STREAM, count=1)
    return found[0][0].decode() if found else "0-0"


def test_after_a_complete_backup_events_continue_without_a_gap_or_a_repeat(
    servers: Servers, drill: Drill, new: PostgresCluster
) -> None:
    since, times = _newest_entry(servers), Stopwatch()
    with ExitStack() as stack:
        system = System(servers, drill.url, stack)
        person = _work(system)
        before = _outbox(system)
        times.start("backup")
        dump = drill.dump()
    times.start("restore on a new server")
    url = drill.restore(dump, new)

    with ExitStack() as stack:
        times.start("start and log in")
        system = _start(servers, url, stack)
        opened = system.visitor().log_in(person)
        times.stop()
        _work(system)
        after, published, verified = _outbox(system), _published(system, since), _audit(system, "verify")

    times.print()
    assert opened.status_code == 201
    assert after[: len(before)] == before
    assert [row.position for row in after] == list(range(1, len(after) + 1))
    assert published == [row.event_id for row in after]
    assert verified.exit_code == 0, verified.output


def test_after_an_older_backup_the_documented_steps_resume_operation(
    servers: Servers, drill: Drill, new: PostgresCluster
) -> None:
    with ExitStack() as stack:
        system = System(servers, drill.url, stack)
        kept = _work(system)
        dump = drill.dump()
        lost = _work(system)
        newest = _outbox(system)[-1].position
    url = drill.restore(dump, new)

    with ExitStack() as stack:
        system = _start(servers, url, stack)
        logins = [system.visitor().log_in(person).status_code for person in (kept, lost)]
        first = system.register()
        system.publish()
        position = system.rows("SELECT min(position) AS least FROM outbox WHERE subject = :id", id=first.id)[
            0
        ].least
        ahead = service_visitor(system, "events:read").get(f"/events?after={newest}")
        cut = _audit(system, "verify")
        accepted = _audit(system, "accept", "--reason", "restored from a backup", "--operator", "chen")
        system.relay.extend_chain()
        verified = _audit(system, "verify")

    assert logins == [201, 401]
    assert position == newest + 2  # no position of a lost event is reused, and one position is skipped
    assert ahead.status_code == 410
    assert (cut.exit_code, accepted.exit_code, verified.exit_code) == (1, 0, 0), verified.output


def test_a_database_that_is_not_empty_is_not_overwritten(drill: Drill) -> None:
    dump = drill.dump()

    refused = _script("restore.sh", str(dump), url=drill.url)

    assert (refused.returncode, refused.stderr) == (1, "the database is not empty: restore into a new one\n")


def test_a_truncated_dump_is_deleted(drill: Drill, tmp_path: Path) -> None:
    dumps, cutting = tmp_path / "dumps", tmp_path / "programs" / "pg_dump"
    dumps.mkdir()
    cutting.parent.mkdir()
    cutting.write_text(f'#!/bin/sh\n{programs()}/pg_dump "$@" && truncate --size=-900 "${{2#--file=}}"\n')
    cutting.chmod(0o755)

    failed = _script("backup.sh", str(dumps), url=drill.url, first=str(cutting.parent))

    assert failed.returncode != 0
    assert not list(dumps.iterdir())

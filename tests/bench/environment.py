"""Real servers for the benchmarks, and the system's processes on them."""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from subprocess import TimeoutExpired

from port_events.sealing import new_key_sets

from tests.bench.account_rows import populate
from tests.bench.cpu_and_memory import CpuSeconds, cpu_seconds, read_cpu_time
from tests.bench.measured_process import Process
from tests.bench.stream_entries import PUBLIC_URL
from tests.bench.time_slots import Side, Slot, measure_alternately
from tests.bench.web_server import SMALL, Web
from tests.support.harness.polling import wait_until
from tests.support.harness.settings import oidc_keys
from tests.support.servers.lifecycle import started
from tests.support.servers.ports import free_port
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer

WEB_WORKERS = 2
_UNLIMITED = "1000000"


class Environment:
    """Starts servers and processes on demand; the exit stack stops them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="port-bench-")))
        self.keys = new_key_sets()
        self._secret = secrets.token_urlsafe(48)
        self._cpu_trees = [os.getpid()]  # PostgreSQL, a daemon and not a child, is added when it starts

    @cached_property
    def postgres(self) -> PostgresCluster:
        """With fsync, as in production. Started at the first use."""
        cluster = self._stack.enter_context(started(PostgresCluster(fsync=True)))
        self._cpu_trees.append(cluster.pid)
        return cluster

    @cached_property
    def small_database(self) -> str:
        """The URL of a database with 200 accounts."""
        return self.database(SMALL)

    def measure(self, product: Side, baseline: Side | None = None, *, quiet_slots: int = 5) -> list[Slot]:
        """See `measure_alternately`. PostgreSQL, this process and its descendants are not foreign load."""
        own = partial(cpu_seconds, *self._cpu_trees)
        return measure_alternately(lambda: read_cpu_time(own), product, baseline, quiet_slots=quiet_slots)

    def cpu_of(self, *, redis: RedisServer | None = None, **processes: Process) -> dict[str, CpuSeconds]:
        """Return functions that read the CPU time, by name. PostgreSQL is included if it has been started."""
        readings = {name: process.cpu_seconds for name, process in processes.items()}
        if "postgres" in vars(self):
            readings["PostgreSQL"] = partial(cpu_seconds, self.postgres.pid)
        if redis is not None:
            readings["Redis"] = partial(cpu_seconds, redis.pid)
        return readings

    def database(self, members: int, *, used: int | None = None) -> str:
        """Create a database with accounts (see `populate`); return its URL."""
        url = self.postgres.create_database()
        populate(url, members, used=used)
        return url

    def redis(self) -> AbstractContextManager[RedisServer]:
        return started(RedisServer())

    def baseline(self) -> AbstractContextManager[Web]:
        """Run the empty routes for the duration of the with block."""
        return self.serving(self.small_database, sys.executable, "-m", "tests.bench.empty_routes")

    @contextmanager
    def serving(self, database: str, *program: str, ready: str = "/api/v1/session") -> Iterator[Web]:
        """Run `identity serve`, or another program with its settings, for the duration of the with block.

        The block begins when the path `ready` is answered with a status below 500.
        """
        port = free_port()
        environment = {
            "IDENTITY_BIND": f"127.0.0.1:{port}",
            "IDENTITY_METRICS_BIND": f"127.0.0.1:{free_port()}",  # the cost of metrics is measured too
            "IDENTITY_WEB_WORKERS": str(WEB_WORKERS),
        }
        arguments = program or ("identity", "serve")
        with self.process(*arguments, IDENTITY_DATABASE_URL=database, **environment) as process:
            web = Web(process, f"http://127.0.0.1:{port}")
            wait_until(lambda: web.is_ready(ready), what=f"an answer; see {process.log}", timeout_seconds=60)
            yield web

    @contextmanager
    def relay(self, database: str, redis: RedisServer) -> Iterator[Process]:
        settings = {"IDENTITY_DATABASE_URL": database, "REDIS_URL": redis.socket_url}
        with self.process("identity", "relay", **settings) as process:
            process.wait_for("relay started")
            yield process

    @contextmanager
    def mailer(self, redis: RedisServer, smtp_port: int) -> Iterator[Process]:
        settings = {"REDIS_URL": redis.socket_url, "MAILER_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}"}
        with self.process("mailer", "run", **settings) as process:
            process.wait_for("mailer_started")
            yield process

    @contextmanager
    def process(self, *arguments: str, **settings: str) -> Iterator[Process]:
        """Run a program with the common settings and these for the duration of the with block."""
        process = Process(*arguments, environment=self.settings(**settings), directory=self.directory)
        try:
            yield process
        finally:
            with suppress(TimeoutExpired):
                process.stop()
            process.destroy()

    def settings(self, **more: str) -> dict[str, str]:
        return {
            "IDENTITY_MODE": "local",
            "IDENTITY_PUBLIC_URL": PUBLIC_URL,
            "IDENTITY_SECRET_KEYS": self._secret,
            "IDENTITY_AUDIT_KEYS": self._secret,
            "IDENTITY_OIDC_KEYS": oidc_keys(),
            "IDENTITY_LOGIN_FAILURES_PER_ADDRESS": _UNLIMITED,
            "IDENTITY_REGISTRATIONS_PER_ADDRESS": _UNLIMITED,
            "MAIL_SEAL_PUBLIC_KEYS": self.keys.seal_public,
            "MAIL_SEAL_PRIVATE_KEYS": self.keys.seal_private,
            "MAIL_SIGN_PRIVATE_KEYS": self.keys.sign_private,
            "MAIL_SIGN_PUBLIC_KEYS": self.keys.sign_public,
            **more,
        }

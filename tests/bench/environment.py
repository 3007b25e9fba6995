"""Real servers for the benchmarks, and the system's processes on them."""

import json
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from subprocess import TimeoutExpired

import httpx
from port_events.sealing import new_key_sets

from tests.bench.entries import PUBLIC_URL
from tests.bench.load import Request
from tests.bench.population import populate
from tests.bench.processes import Process
from tests.bench.sink import Sink, start_sink
from tests.support.actors.people import PASSWORD, registration
from tests.support.harness.settings import oidc_keys
from tests.support.harness.waiting import wait_until
from tests.support.servers.lifecycle import started
from tests.support.servers.ports import free_port
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer

WEB_WORKERS = 2
SMALL = 200
_UNLIMITED = "1000000"


class Web:
    """A running web server and the requests to it."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.api = f"{url}/api/v1"
        self.root = url

    def is_ready(self, path: str) -> bool:
        """Whether the server answers on a path."""
        try:
            return httpx.get(f"{self.root}{path}", timeout=5).status_code < 500
        except httpx.TransportError:
            return False

    def logins(self, members: int = SMALL, *, first: int = 1) -> Request:
        """Return logins of the members from `first` on, in turn."""
        numbers = range(first, members + 1)
        bodies = [json.dumps({"username": f"Member{n}", "password": PASSWORD}) for n in numbers]
        return self._post("/sessions", bodies)

    def registrations(self, count: int) -> Request:
        """Return registrations of new accounts."""
        run = secrets.token_hex(3)
        applications = (
            registration(username=f"N{run}{n}", email=f"n{run}{n}@example.com") for n in range(count)
        )
        return self._post("/accounts", [json.dumps(each) for each in applications])

    def session(self) -> Request:
        """Log in and return `GET /session` with the token."""
        answer = httpx.post(
            f"{self.api}/sessions", json={"username": "Member1", "password": PASSWORD}, timeout=30
        )
        assert answer.json()["next"] is None, answer.text
        return Request(
            url=f"{self.api}/session", headers={"Authorization": f"Bearer {answer.json()['token']}"}
        )

    def _post(self, path: str, bodies: list[str]) -> Request:
        return Request(
            url=f"{self.api}{path}",
            method="POST",
            headers={"Content-Type": "application/json"},
            bodies=bodies,
        )


class Environment:
    """Starts servers and processes on demand; the stack stops them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="port-bench-")))
        self.keys = new_key_sets()
        self._secret = secrets.token_urlsafe(48)

    @cached_property
    def postgres(self) -> PostgresCluster:
        """PostgreSQL with fsync, as in production."""
        return self._stack.enter_context(started(PostgresCluster(fsync=True)))

    @cached_property
    def small_database(self) -> str:
        """The URL of a database with 200 accounts, shared by the web benchmarks."""
        return self.database(SMALL)

    @cached_property
    def web(self) -> Web:
        """A web server on `small_database`."""
        return self._stack.enter_context(self.serving(self.small_database))

    @cached_property
    def baseline(self) -> Web:
        """A bare Flask route under the same settings."""
        return self._stack.enter_context(
            self.serving(self.small_database, sys.executable, "-m", "tests.bench.baseline")
        )

    def database(self, members: int, *, lived: int | None = None) -> str:
        """Create a database and populate it; return its URL."""
        url = self.postgres.create_database()
        populate(url, members, lived=lived)
        return url

    def redis(self) -> AbstractContextManager[RedisServer]:
        """Run a Redis for the block."""
        return started(RedisServer())

    @contextmanager
    def sink(self) -> Iterator[Sink]:
        """Run a mail server that accepts and discards all mails."""
        with start_sink() as sink:
            yield sink

    @contextmanager
    def serving(self, database: str, *program: str, ready: str = "/api/v1/session") -> Iterator[Web]:
        """Run `identity serve`, or another program with its settings, for the block."""
        port = free_port()
        environment = {
            "IDENTITY_BIND": f"127.0.0.1:{port}",
            "IDENTITY_METRICS_BIND": f"127.0.0.1:{free_port()}",  # metrics are part of the measured cost
            "IDENTITY_WEB_WORKERS": str(WEB_WORKERS),
        }
        arguments = program or ("identity", "serve")
        with self.process(*arguments, IDENTITY_DATABASE_URL=database, **environment) as process:
            web = Web(process, f"http://127.0.0.1:{port}")
            wait_until(lambda: web.is_ready(ready), what=f"an answer; see {process.log}", timeout_seconds=20)
            yield web

    @contextmanager
    def relay(self, database: str, redis: RedisServer) -> Iterator[Process]:
        """Run `identity relay`."""
        settings = {"IDENTITY_DATABASE_URL": database, "REDIS_URL": redis.socket_url}
        with self.process("identity", "relay", **settings) as process:
            process.wait_for("relay started")
            yield process

    @contextmanager
    def mailer(self, redis: RedisServer, smtp_port: int) -> Iterator[Process]:
        """Run `mailer run`."""
        settings = {"REDIS_URL": redis.socket_url, "MAILER_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}"}
        with self.process("mailer", "run", **settings) as process:
            process.wait_for("mailer_started")
            yield process

    @contextmanager
    def process(self, *arguments: str, **settings: str) -> Iterator[Process]:
        """Run a program with these settings for the block."""
        process = Process(*arguments, environment=self.settings(**settings), directory=self.directory)
        try:
            yield process
        finally:
            with suppress(TimeoutExpired):
                process.stop()
            process.destroy()

    def settings(self, **more: str) -> dict[str, str]:
        """Return the common settings and more."""
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

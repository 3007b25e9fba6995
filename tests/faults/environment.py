"""The servers of a run, and the system's processes."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate
from port_events.envelope import MAIL_STREAM, STREAM
from port_events.sealing import new_key_sets

from tests.faults.recording_mailbox import RecordingMailbox, RecordingScript
from tests.faults.redis_pair import RedisPair
from tests.faults.stream_logs import EntryLog, ReceiptLog
from tests.faults.supervisor import ProcessSpec, Supervisor
from tests.support.actors.logouts import add_client_with_logout_uri
from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import NO_TLS
from tests.support.harness.polling import wait_until
from tests.support.harness.settings import identity_settings, mailer_settings
from tests.support.servers.ports import free_port
from tests.support.servers.postgres import PostgresCluster, database_name
from tests.support.servers.smtp import SmtpServer
from tests.support.servers.tcp_proxy import Proxy

LEASE_SECONDS = 5
WEB_WORKERS, RELAYS, NOTIFIERS, MAILERS = 2, 2, 2, 3
GROUPS = ("passes", "billing")
_ALTERED = "tests.faults.altered_commands"


class Environment:
    """PostgreSQL and a pair of Redis servers, each behind a proxy, an SMTP server with scripted faults, and processes.

    The constructor starts the servers and the logs of their streams; `start` starts the processes.
    """

    def __init__(self, stack: ExitStack, *, lifetime_seconds: float, without: str | None = None) -> None:
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="port-chaos-")))
        self.lifetime_seconds = lifetime_seconds
        self._without = without
        self.postgres = PostgresCluster()
        stack.callback(self.postgres.destroy)
        self.redis = RedisPair()
        stack.callback(self.redis.destroy)
        self.smtp = SmtpServer()
        stack.callback(self.smtp.destroy)
        self.mailbox = self.smtp.mailbox = RecordingMailbox()
        self.script = self.smtp.script = RecordingScript()
        for server in (self.postgres, self.redis, self.smtp):
            server.start()
        self.proxy = Proxy(self.postgres.port)
        self.proxy.start()
        stack.callback(self.proxy.destroy)
        self.database_url = self.postgres.create_database()
        self.engine = open_engine(self.database_url)
        stack.callback(self.engine.dispose)
        migrate(self.engine)
        self.receipts = ReceiptLog(self.redis.servers)
        self.streams = {stream: EntryLog(self.redis.servers, stream) for stream in (STREAM, MAIL_STREAM)}
        for log in (self.receipts, *self.streams.values()):
            log.start()
            stack.callback(log.stop)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.service_port = free_port()
        self.client = add_client_with_logout_uri(
            self.engine, f"http://127.0.0.1:{self.service_port}/logout", redirect_uris=[REDIRECT_URI]
        )
        self.supervisor = self._supervisor()
        stack.callback(self.supervisor.destroy)

    def start(self) -> None:
        """Start all processes; return when identity is ready."""
        self.supervisor.start()
        wait_until(self.is_ready, what=f"identity; see {self.directory}", timeout_seconds=60)

    def is_ready(self) -> bool:
        try:
            return (
                httpx.get(f"{self.url}/readyz", timeout=5, verify=NO_TLS, trust_env=False).status_code == 200
            )
        except httpx.TransportError:
            return False

    def effects_of(self, group: str) -> Path:
        """Return the file in which a group's consumer records events."""
        return self.directory / f"{group}.db"

    @property
    def logout_tokens(self) -> Path:
        """The file in which the service records the received logout tokens."""
        return self.directory / "logout_tokens.db"

    def _supervisor(self) -> Supervisor:
        supervisor = Supervisor()
        environment = self._settings()
        lifetime = ("--lifetime", str(self.lifetime_seconds))
        without = ("--without", self._without) if self._without else ()
        system = (_ALTERED, *lifetime, *without, "--")
        specs = [ProcessSpec("web", "web", (*system, "identity", "serve"), environment)]
        specs += [
            ProcessSpec(f"relay-{n}", "relay", (*system, "identity", "relay"), environment)
            for n in range(RELAYS)
        ]
        specs += [
            ProcessSpec(f"notify-{n}", "notify", (*system, "identity", "notify"), environment)
            for n in range(NOTIFIERS)
        ]
        service = ("tests.faults.logout_recorder", str(self.service_port), str(self.logout_tokens))
        specs.append(ProcessSpec("service", "service", service, {}))
        specs += [
            ProcessSpec(f"mailer-{n}", "mailer", (*system, "mailer", "run"), environment)
            for n in range(MAILERS)
        ]
        specs += [
            ProcessSpec(
                f"consumer-{group}",
                "consumer",
                ("tests.faults.recording_consumer", group, str(self.effects_of(group))),
                environment,
            )
            for group in GROUPS
        ]
        for spec in specs:
            supervisor.add(spec, self.directory)
        return supervisor

    def _settings(self) -> dict[str, str]:
        keys = new_key_sets()
        database = database_name(self.database_url)
        proxied = self.postgres.url(database).replace(f":{self.postgres.port}/", f":{self.proxy.port}/")
        return {
            **identity_settings(
                keys, database_url=proxied, redis_url=self.redis.url, public_url=self.url,
                IDENTITY_BIND=self.url.removeprefix("http://"),
                IDENTITY_WEB_WORKERS=str(WEB_WORKERS),
                IDENTITY_REGISTRATIONS_PER_ADDRESS="1000000",
                IDENTITY_LOGIN_FAILURES_PER_ADDRESS="1000000",
                IDENTITY_LOG_LEVEL="WARNING",
            ),
            **mailer_settings(
                keys, redis_url=self.redis.url, smtp_url=self.smtp.url, public_url=self.url,
                MAILER_SMTP_TIMEOUT="5",
                MAILER_LEASE=str(LEASE_SECONDS),
                MAILER_LOG_LEVEL="WARNING",
            ),
        }  # fmt: skip

"""The running system as real processes: `identity serve`, `identity relay`, `mailer run`, on the machine's clock."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
from identity.adapters.sql.engine import open_engine
from port_events.envelope import from_fields
from port_events.sealing import new_key_sets
from sqlalchemy import Engine

from tests.support.actors.people import NO_TLS
from tests.support.harness.processes import START_SECONDS, Program
from tests.support.harness.system import AUDIT_KEY, SIGNING_KEY, System
from tests.support.harness.waiting import wait_until
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

COMMANDS = {"web": ("identity", "serve"), "relay": ("identity", "relay"), "mailer": ("mailer", "run")}
STARTED = {"relay": "relay started", "mailer": "mailer_started"}


class Installation(System):
    """What people do is `System`'s; publishing and mailing go on by themselves once their process is started."""

    def __init__(
        self, redis: RedisServer, smtp: SmtpServer, database_url: str, *, stack: ExitStack, directory: Path
    ) -> None:
        self.redis, self.smtp, self.mailbox = redis, smtp, smtp.mailbox
        self.keys = new_key_sets()
        self.database_url = database_url
        self.directory = directory
        self._stack = stack
        self._started_at = "0"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = self._environment(port)
        self._engine = open_engine(database_url)
        stack.callback(self._engine.dispose)

    def _environment(self, port: int) -> dict[str, str]:
        return {
            "IDENTITY_MODE": "local",
            "IDENTITY_BIND": f"127.0.0.1:{port}",
            "IDENTITY_PUBLIC_URL": self.url,
            "IDENTITY_DATABASE_URL": self.database_url,
            "IDENTITY_SECRET_KEYS": SIGNING_KEY,
            "IDENTITY_AUDIT_KEYS": AUDIT_KEY,
            "IDENTITY_ARGON2_MEMORY_KIB": "64",
            "IDENTITY_ARGON2_PASSES": "1",
            "IDENTITY_REGISTRATIONS_PER_ADDRESS": "10000",
            "IDENTITY_LOG_LEVEL": "DEBUG",
            "REDIS_URL": self.redis.url,
            "MAIL_SEAL_PUBLIC_KEYS": self.keys.seal_public,
            "MAIL_SIGN_PRIVATE_KEYS": self.keys.sign_private,
            "MAIL_SEAL_PRIVATE_KEYS": self.keys.seal_private,
            "MAIL_SIGN_PUBLIC_KEYS": self.keys.sign_public,
            "MAILER_SMTP_URL": self.smtp.url,
            "MAILER_LEASE": "1",
            "MAILER_LOG_LEVEL": "DEBUG",
        }

    @property
    def engine(self) -> Engine:
        """The database, by a connection of the test's own."""
        return self._engine

    def start(self, *parts: str, **settings: str) -> list[Program]:
        """Start `web`, `relay`, `mailer`, all at once; return when each is ready."""
        started = [self.start_without_waiting(part, **settings) for part in parts]
        for part, program in zip(parts, started, strict=True):
            if part == "web":
                wait_until(
                    lambda: self.status_of("/readyz") == 200,
                    what="web to be ready",
                    timeout_seconds=START_SECONDS,
                )
            else:
                program.wait_for(STARTED[part])
        return started

    def start_without_waiting(self, part: str, **settings: str) -> Program:
        """Start one part without waiting for it."""
        return self.start_program(*COMMANDS[part], environment={**self.environment, **settings})

    def start_program(self, *command: str, environment: Mapping[str, str]) -> Program:
        """Start another program beside the system; it ends with it."""
        program = Program(*command, environment=environment, directory=self.directory)
        self._stack.callback(program.destroy)
        return program

    def status_of(self, path: str) -> int | None:
        """Return the status that a GET is answered with, or None where nobody does."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=10, verify=NO_TLS, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def publish(self) -> int:
        """Leave it to the relay's process."""
        return 0

    def published_ids(self) -> list[str]:
        """Return the ids of the events in the stream, in its order."""
        return [from_fields(entry_id, fields).event.id for entry_id, fields in self._entries()]

    def wait_for_mails(self) -> None:
        """Wait until everything is published and every mail has its receipt noted."""
        open_rows = "SELECT 1 FROM outbox WHERE position IS NULL OR mail_state = 'waiting' LIMIT 1"
        wait_until(
            lambda: not self.rows(open_rows),
            what="every mail to come to its end",
            timeout_seconds=START_SECONDS,
        )

    def logs(self) -> str:
        """Return all that all processes wrote."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("*.log")))

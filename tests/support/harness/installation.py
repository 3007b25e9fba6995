"""The system as real processes (`identity serve`, `relay`, `notify`, `mailer run`) on the machine's clock."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
from identity.adapters.sql.engine import open_engine
from port_events.envelope import from_fields
from port_events.sealing import new_key_sets
from sqlalchemy import Engine

from tests.support.actors.people import NO_TLS
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import START_SECONDS, Program, run_preloaded
from tests.support.harness.settings import identity_settings, mailer_settings
from tests.support.harness.system import System
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

COMMANDS = {
    "web": ("identity", "serve"),
    "relay": ("identity", "relay"),
    "notify": ("identity", "notify"),
    "mailer": ("mailer", "run"),
}
STARTED = {"relay": "relay started", "notify": "notify started", "mailer": "mailer_started"}


class Installation(System):
    """A `System` with its own processes, which publish and send by themselves."""

    def __init__(
        self, redis: RedisServer, smtp: SmtpServer, database_url: str, *, stack: ExitStack, directory: Path
    ) -> None:
        self.redis, self.smtp, self.mailbox = redis, smtp, smtp.mailbox
        self.keys = new_key_sets()
        self.database_url = database_url
        self.directory = directory
        self._stack = stack
        self._started_at = "0"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **identity_settings(
                self.keys, database_url=database_url, redis_url=redis.url, public_url=self.url,
                IDENTITY_BIND=self.url.removeprefix("http://"), IDENTITY_LOG_LEVEL="DEBUG",
            ),
            **mailer_settings(
                self.keys, redis_url=redis.url, smtp_url=smtp.url, public_url=self.url,
                MAILER_LEASE="1", MAILER_LOG_LEVEL="DEBUG",
            ),
        }  # fmt: skip
        self._engine = open_engine(database_url)
        stack.callback(self._engine.dispose)

    @property
    def engine(self) -> Engine:
        """The test's own connection to the database."""
        return self._engine

    def start(self, *parts: str, **settings: str) -> list[Program]:
        """Start `web`, `relay`, `notify` or `mailer` processes at once; wait until each is ready."""
        started = [self.start_without_waiting(part, **settings) for part in parts]
        for part, program in zip(parts, started, strict=True):
            if part == "web":
                program.wait_while_running(
                    lambda: self.status_of("/readyz") == 200, what="readiness", timeout_seconds=START_SECONDS
                )
            else:
                program.wait_for(STARTED[part])
        return started

    def start_without_waiting(self, part: str, **settings: str) -> Program:
        return self.start_program(*COMMANDS[part], environment={**self.environment, **settings})

    def start_program(
        self,
        *command: str,
        environment: Mapping[str, str],
        pass_fds: tuple[int, ...] = (),
        preloaded: bool = True,
    ) -> Program:
        """Start a program that ends with the installation."""
        program = Program(
            *command,
            environment=environment,
            directory=self.directory,
            pass_fds=pass_fds,
            preloaded=preloaded,
        )
        self._stack.callback(program.destroy)
        return program

    def status_of(self, path: str) -> int | None:
        """Return the status of a GET, or None without an answer."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=10, verify=NO_TLS, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def publish(self) -> int:
        """Do nothing, because the relay's process publishes."""
        return 0

    def published_ids(self) -> list[str]:
        """Return the ids of the events in the stream, in order."""
        return [from_fields(entry_id, fields).event.id for entry_id, fields in self._entries()]

    def wait_for_mails(self) -> None:
        """Wait until every event is published and every mail has its receipt recorded."""
        open_rows = "SELECT 1 FROM outbox WHERE position IS NULL OR mail_state = 'waiting' LIMIT 1"
        wait_until(
            lambda: not self.rows(open_rows),
            what="the final state of every mail",
            timeout_seconds=START_SECONDS,
        )

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("*.log")))


def refused_start(process: str, settings: Mapping[str, str]) -> tuple[int, list[str]]:
    """Return the exit code and the lines on standard error of a start that is refused."""
    ended = run_preloaded(*COMMANDS.get(process, ("identity", process)), environment=settings)
    return ended.returncode, ended.stderr.strip().splitlines()

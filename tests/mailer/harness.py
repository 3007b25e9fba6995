"""The harness for the mailer's tests: keys, payloads, entries, settings, and mailers in this or another process."""

import dataclasses
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from port_events import catalogue as events
from port_events.catalogue import EventData, event_type_of
from port_events.envelope import MAIL_STREAM, RECEIPTS, SOURCE, Event, to_fields, to_json
from port_events.sealing import KeySets, MailPayload, Sealer, new_key_sets
from port_runtime.settings import load
from redis import Redis

from mailer.process import MailerProcess
from mailer.settings import Settings
from tests.support.harness.clock import FakeClock
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program
from tests.support.harness.settings import mailer_settings
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

PUBLIC_URL = "https://pass.example.tw"
LINK = f"{PUBLIC_URL}/email/verify?token=abc.def-ghi"


@dataclasses.dataclass(frozen=True)
class Published:
    """A published event, with the id and the sealed payload of its entry."""

    event: Event
    entry_id: str
    sealed: str | None


class MailerHarness:
    """Seals and publishes like identity, and starts mailers on a Redis and an SMTP server."""

    def __init__(
        self, server: RedisServer, smtp: SmtpServer, *, keys: KeySets | None = None, redis_url: str = ""
    ) -> None:
        self.redis_server, self.smtp = server, smtp
        self._redis_url = redis_url or server.url
        self.keys = keys or new_key_sets()
        self.clock = FakeClock(running=True)
        self.client = Redis.from_url(self._redis_url, decode_responses=True)
        self.sealer = Sealer(seal_keys=self.keys.seal_public, sign_keys=self.keys.sign_private)
        self._numbers = itertools.count(1)
        self._stack = ExitStack()

    def environ(self, **over: str) -> dict[str, str]:
        ours = {"IDENTITY_MODE": "production", "MAILER_THREADS": "4", "MAILER_LEASE": "1"}
        return mailer_settings(
            self.keys,
            redis_url=self._redis_url,
            smtp_url=self.smtp.url,
            public_url=PUBLIC_URL,
            **ours | over,
        )

    def mailer(self, **over: str) -> MailerProcess:
        """Return a mailer without starting it."""
        return MailerProcess.build(load(Settings, self.environ(**over)), clock=self.clock)

    def start_mailer(self, **over: str) -> MailerProcess:
        """Start a mailer; it is stopped when the test ends."""
        process = self.mailer(**over)
        process.start()
        self._stack.callback(process.stop)
        return process

    def event(self, data: EventData, *, event_id: str | None = None) -> Event:
        line = event_type_of(data)
        return Event(
            id=event_id or str(uuid.uuid4()),
            type=line.type,
            source=SOURCE,
            subject=str(uuid.uuid4()),
            time=self.clock.now(),
            sequence=next(self._numbers),
            dataschema=line.dataschema,
            data=data.as_json(),
        )

    def payload(self, event: Event, address: str, **over: Any) -> MailPayload:
        values: dict[str, Any] = {
            "event_id": event.id,
            "event_type": event.type,
            "address": address,
            "name": "錢大明",
            "issued_at": self.clock.now(),
            "expires_at": self.clock.now() + timedelta(hours=24),
            "content": {"username": "number01", "link": LINK},
        }
        return MailPayload(**(values | over))

    def publish(self, event: Event, sealed: str | None) -> Published:
        """Append an entry to the stream of mails, like the relay."""
        fields: Any = to_fields(to_json(event), event.type, sealed)
        return Published(event, str(self.client.xadd(MAIL_STREAM, fields)), sealed)

    def request(self, address: str, data: EventData | None = None, **over: Any) -> Published:
        """Publish a mail request, by default the verification mail of a link account."""
        event = self.event(data or events.VerificationRequested(kind="link"))
        return self.publish(event, self.sealer.seal(self.payload(event, address, **over)))

    def request_many(self, count: int, *, domain: str = "example.com") -> list[Published]:
        return [self.request(f"user{number}@{domain}") for number in range(count)]

    def ledger(self, published: Published) -> Mapping[str, str]:
        found: dict[str, str] = self.client.hgetall(f"mailer:ledger:{published.event.id}")  # type: ignore[assignment]  # redis-py types an awaitable too
        return found

    def state(self, published: Published) -> str:
        return self.ledger(published).get("state", "none")

    def wait_for_state(self, published: Published, state: str, *, timeout_seconds: float = 10) -> None:
        wait_until(
            lambda: self.state(published) == state,
            what=f"state {state}, it is {self.state(published)}",
            timeout_seconds=timeout_seconds,
        )

    def receipts(self) -> list[Mapping[str, str]]:
        found: Any = self.client.xrange(RECEIPTS)
        return [fields for _, fields in found]

    def dead(self) -> dict[str, dict[str, Any]]:
        found: Any = self.client.hgetall("mailer:dead")
        return {event_id: json.loads(record) for event_id, record in found.items()}

    def pending(self) -> int:
        groups: Any = self.client.xinfo_groups(MAIL_STREAM)
        return sum(int(group["pending"]) for group in groups)

    def wait_until_finished(self, *, timeout_seconds: float = 10) -> None:
        """Wait until no entry is pending or unread."""

        def finished() -> bool:
            groups: Any = self.client.xinfo_groups(MAIL_STREAM)
            return bool(groups) and groups[0]["pending"] == 0 and groups[0]["lag"] == 0

        wait_until(finished, what="an empty pending list", timeout_seconds=timeout_seconds)

    def close(self) -> None:
        """Stop the mail server, then the mailers, so that none waits for a reply; leave Redis running."""
        self.smtp.stop()
        self._stack.close()
        self.client.close()


@contextmanager
def mailer_process(harness: MailerHarness, directory: Path, **over: str) -> Iterator[Program]:
    """Run `mailer run` as a separate process, forked from a process that has imported the mailer."""
    program = Program(
        "mailer", "run", environment=harness.environ(**over), directory=directory, preloaded=True
    )
    try:
        yield program
    finally:
        program.destroy()

"""The system in the test's process: web server, relay and mailer on real servers and the test's clock."""

import json
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from identity.http.web_context import EXTENSION
from identity.processes.relay import Relay
from identity.processes.web_server.flask_app import create_app, db
from identity.settings.relay import RelaySettings
from identity.settings.web import WebSettings
from identity.usecases.ports import Ports
from identity.usecases.ports.randomness import Randomness
from port_events.envelope import MAIL_STREAM, STREAM, Entry, Event, from_fields
from port_events.keys import KeySets
from port_runtime.settings import load
from sqlalchemy import Engine, text
from sqlalchemy.pool import QueuePool
from werkzeug.serving import make_server

from tests.support.actors.people import Person, Visitor, registration
from tests.support.harness.clock import FakeClock
from tests.support.harness.openapi_check import check_answer
from tests.support.harness.polling import wait_until
from tests.support.harness.settings import identity_settings
from tests.support.servers.lifecycle import serve_http
from tests.support.servers.mailbox import Mailbox
from tests.support.servers.received_mail import ReceivedMail
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

_WAIT_SECONDS = 20.0
_MAX_IDLE_APPS = 20


class IdleApps:
    """The web applications of earlier tests, by their settings.

    Building an application takes 60 ms, and a new application compiles every statement and every template again. An
    application stores no data about people, which is all in the database, and each test has a new database.
    """

    def __init__(self) -> None:
        self._apps: list[tuple[dict[str, str], Flask]] = []

    def take(self, environment: dict[str, str], *, clock: FakeClock, randomness: Randomness | None) -> Flask:
        """Return an idle application with these settings, or a new one."""
        for position, (its_environment, app) in enumerate(self._apps):
            if its_environment == environment:
                del self._apps[position]
                return app
        return create_app(load(WebSettings, environment), clock=clock, randomness=randomness)

    def give_back(self, environment: dict[str, str], app: Flask) -> None:
        """Close the application's connections and store it; of more than twenty, drop the longest idle."""
        with app.app_context():
            for engine in db.engines.values():
                _wait_for_requests(engine)
                engine.dispose()
        self._apps = [(environment, app), *self._apps[: _MAX_IDLE_APPS - 1]]


def _wait_for_requests(engine: Engine) -> None:
    """Wait for requests of disconnected clients, because a disposed pool does not close connections returned later."""
    pool = engine.pool
    if isinstance(pool, QueuePool):
        wait_until(lambda: pool.checkedout() == 0, what="every connection to return to its pool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What the tests of a process share: Redis, the SMTP server, keys, clock and idle web applications."""

    redis: RedisServer
    smtp: SmtpServer
    keys: KeySets
    clock: FakeClock
    idle_apps: IdleApps = field(default_factory=IdleApps)

    @property
    def mailbox(self) -> Mailbox:
        return self.smtp.mailbox


class System:
    """An installation with its own database."""

    def __init__(
        self,
        servers: Servers,
        database_url: str,
        stack: ExitStack,
        *,
        randomness: Randomness | None = None,
        own_app: bool = False,
        direct_url: str = "",
        **settings: str,
    ) -> None:
        """Start the system; with `own_app`, the test may change the application. `direct_url` bypasses a pooler."""
        self.servers = servers
        self.clock = servers.clock
        self.mailbox = servers.mailbox
        self.redis = servers.redis
        self.database_url = database_url
        self.environment = identity_settings(
            servers.keys, database_url=database_url, redis_url=servers.redis.url, **settings
        )
        self._stack = stack
        self._started_at = self._newest_entry()
        apps = IdleApps() if own_app or randomness else servers.idle_apps
        self.app = apps.take(self.environment, clock=self.clock, randomness=randomness)
        stack.callback(apps.give_back, self.environment, self.app)
        self.url = stack.enter_context(serve_http(make_server("127.0.0.1", 0, self.app, threaded=True)))
        relay_environment = self.environment | {"IDENTITY_DATABASE_URL": direct_url or database_url}
        self.relay = Relay(load(RelaySettings, relay_environment), clock=self.clock)
        stack.callback(self._close)

    def _close(self) -> None:
        self.relay.election.release()
        self.relay.close()

    @property
    def ports(self) -> Ports:
        """The ports of the running application's use cases."""
        ports: Ports = self.app.extensions[EXTENSION].ports
        return ports

    @property
    def engine(self) -> Engine:
        with self.app.app_context():
            return db.engine

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values))

    def visitor(self) -> Visitor:
        """Return a new visitor without a session, whose answers are compared with the OpenAPI document."""
        visitor = Visitor(self.url)
        visitor.http.event_hooks["response"].append(check_answer)
        self._stack.callback(visitor.close)
        return visitor

    # --- actions of people ----------------------------------------------------------------------------------

    def register(self, kind: str = "general", **changes: Any) -> Person:
        """Register without verifying the mailbox."""
        sent = registration(kind, **changes)
        answer = self.visitor().post("/accounts", sent)
        assert answer.status_code == 202, answer.text
        return Person(
            answer.json()["id"],
            kind,
            sent["username"],
            sent["email"],
            sent["password"],
            sent["company"]["tax_id"],
        )

    def person(self, kind: str = "general", **changes: Any) -> Person:
        """Register and verify the mailbox by the mailed link."""
        person = self.register(kind, **changes)
        answer = self.confirm(self.mail(person.email, "註冊通知信件").token)
        assert answer.status_code == 200, answer.text
        return person

    def confirm(self, token: str) -> Any:
        """Use a mailed link through the API, like the button of its page."""
        return self.visitor().post("/email-verifications/confirm", {"token": token})

    def logged_in(self, person: Person) -> Visitor:
        """Return a visitor who has logged in and accepted missing consents."""
        visitor = self.visitor()
        answer = visitor.log_in(person)
        assert answer.status_code == 201, answer.text
        if answer.json()["next"] == "consent":
            assert visitor.accept_consents().status_code == 200
        return visitor

    def bind(self, link: Visitor, general: Person) -> str:
        """Request a binding; return its id."""
        answer = link.post("/bindings", {"username": general.username, "password": general.password})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def bind_and_verify(self, link: Visitor, general: Person) -> str:
        """Bind and verify by the mailed code; return the binding's id."""
        binding_id = self.bind(link, general)
        code = self.mail(general.email, "驗證碼").code
        answer = link.post(f"/bindings/{binding_id}/verify", {"code": code})
        assert answer.status_code == 200, answer.text
        return binding_id

    def audit(self, action: str | None = None) -> list[Any]:
        """Return the rows of the audit log with this action, or all rows, oldest first."""
        rows = self.rows("SELECT * FROM audit ORDER BY id")
        return [row for row in rows if action in {None, row.action}]

    # --- events and mails -----------------------------------------------------------------------------------

    def publish(self) -> int:
        """Let the relay publish the outbox; return the number of events."""
        assert self.relay.election.acquire()
        published = 0
        while batch := self.relay.step():
            published += batch
        return published

    def mail(self, address: str, subject: str | None = None, *, count: int = 1) -> ReceivedMail:
        """Publish, wait for `count` mails to the address, and return the newest."""
        return self.mails(address, subject, count=count)[-1]

    def mails(self, address: str, subject: str | None = None, *, count: int = 1) -> list[ReceivedMail]:
        """Publish, wait for `count` mails to the address, and return them in the order of their requests.

        A mailer sends several mails at once, so the mails may arrive in a different order.
        """
        self.publish()
        received = self.mailbox.wait_for(address, subject, count=count, timeout=_WAIT_SECONDS)
        return sorted(received, key=self._outbox_id)

    def _outbox_id(self, mail: ReceivedMail) -> int:
        """Return the outbox id of the mail's event, or 0 for a deleted row, which is older than all others."""
        rows = self.rows("SELECT id FROM outbox WHERE event_id = :id", id=mail.event_id)
        return int(rows[0][0]) if rows else 0

    def wait_for_mails(self) -> None:
        """Publish, and wait until every requested mail has its receipt recorded."""
        self.publish()
        deadline = threading.Event()
        timer = threading.Timer(_WAIT_SECONDS, deadline.set)
        timer.start()
        try:
            while self.rows("SELECT 1 FROM outbox WHERE mail_state = 'waiting' LIMIT 1"):
                assert not deadline.is_set(), "a mail reached no final state"
                self.relay.receive(block_ms=200)
        finally:
            timer.cancel()

    def events(self, subject: str | None = None) -> list[Event]:
        """Publish; return the events of this system's accounts, or of one account, in the order of the stream."""
        found = [entry.event for entry in self.entries()]
        return [event for event in found if subject in {None, event.subject}]

    def entries(self, stream: str = STREAM) -> list[Entry]:
        """Publish; return the stream's entries with events of this system's accounts."""
        self.publish()
        found = [from_fields(entry_id, fields) for entry_id, fields in self._entries(stream)]
        accounts = {row.id for row in self.rows("SELECT id FROM accounts")}
        return [entry for entry in found if entry.event.subject in accounts]

    def event_types(self, subject: str | None = None) -> list[str]:
        """Return the short types of the events, e.g. `account.registered`."""
        return [event.type.removeprefix("tw.port.identity.") for event in self.events(subject)]

    def raw_stream(self) -> str:
        """Return the entries that both streams received since the start of this system, as JSON."""
        entries = [*self._entries(), *self._entries(MAIL_STREAM)]
        return json.dumps([[str(part) for part in entry] for entry in entries])

    def _entries(self, stream: str = STREAM) -> list[Any]:
        with self.redis.client() as client:
            entries: Any = client.xrange(stream, f"({self._started_at}")
            return list(entries)

    def _newest_entry(self) -> str:
        with self.redis.client() as client:
            newest: Any = client.xrevrange(STREAM, count=1)
            return newest[0][0].decode() if newest else "0-0"

"""After the upgrade from one stream to two, each mail is still sent once (EVT-7)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from identity.adapters import legacy_mail_copies
from identity.adapters.sql.outbox import SqlOutboxReader
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from identity.usecases.ports.stream import ConcurrentPublish
from mailer import bootstrap as mailer_bootstrap
from mailer.adapters.redis.connection import connect
from mailer.adapters.redis.dead_letters import RedisDeadLetters
from mailer.adapters.redis.stream import MailStream
from mailer.process import MailerProcess
from mailer.settings import Settings as MailerSettings
from mailer.usecases.dead_letters import RetryResult
from port_events.consumer_group import RawEntry
from port_events.envelope import MAIL_STREAM, STREAM, Entry, to_fields
from port_runtime.settings import load
from typing_extensions import override

from tests.support.actors.people import Person
from tests.support.harness.polling import wait_until
from tests.support.harness.settings import mailer_settings
from tests.support.harness.system import Servers, System
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer

Client = Any  # redis-py's types combine sync and async answers


class PreviousMailStream(MailStream):
    """Reads the stream like the previous release: it also acknowledges entries without a sealed part."""

    @override
    def _entries(self, raw: list[RawEntry]) -> list[Entry]:
        entries = super()._entries(raw)
        self.ack([each.id for each in entries if each.sealed is None])
        return [each for each in entries if each.sealed is not None]


def _connect_to_event_stream(url: str) -> Client:
    """Connect a mailer to Redis; its commands for the stream of mails go to the event stream."""
    client = connect(url)
    pool = client.connection_pool
    current: Any = pool.connection_class

    class Connection(current):  # type: ignore[misc]  # the class is known only at run time
        def send_command(self, *command: Any, **options: Any) -> None:
            super().send_command(*(STREAM if each == MAIL_STREAM else each for each in command), **options)

    pool.connection_class = Connection
    return client


class Upgrade:
    """A system with its own servers, and relays and mailers of both releases."""

    def __init__(self, system: System, smtp: SmtpServer, client: Client, stack: ExitStack) -> None:
        self.system, self.smtp, self.client = system, smtp, client
        self._stack = stack
        self._outbox = SqlOutboxReader(system.engine)

    def publish_as_before(self) -> None:
        """Publish like a relay of the previous release: to one stream, with the sealed parts."""
        events = self._outbox.assign_positions(self.system.clock.now(), beyond=0, limit=1000)
        with self.client.pipeline(transaction=True) as pipeline:
            for each in events:
                pipeline.xadd(STREAM, to_fields(each.ce, each.type, each.sealed, each.position))
            pipeline.set(f"{STREAM}:mark:{self._outbox.epoch()}", events[-1].position)
            pipeline.execute()

    def register_as_before(self) -> Person:
        person = self.system.register()
        self.publish_as_before()
        return person

    def start_mailer(self) -> MailerProcess:
        settings = mailer_settings(
            self.system.servers.keys,
            redis_url=self.system.redis.url,
            smtp_url=self.smtp.url,
            MAILER_LEASE="1",
        )
        mailer = MailerProcess.build(load(MailerSettings, settings), clock=self.system.clock)
        mailer.start()
        self._stack.callback(mailer.stop)
        return mailer

    def start_previous_mailer(self) -> MailerProcess:
        """Start a mailer that reads the event stream."""
        with pytest.MonkeyPatch.context() as previous:
            previous.setattr(mailer_bootstrap, "connect", _connect_to_event_stream)
            previous.setattr(mailer_bootstrap, "MailStream", PreviousMailStream)
            return self.start_mailer()

    def start_relay(self) -> Relay:
        relay = Relay(load(RelaySettings, self.system.environment), clock=self.system.clock)
        self._stack.callback(relay.close)
        return relay

    def ids(self, stream: str) -> list[bytes]:
        return [entry_id for entry_id, _ in self.client.xrange(stream)]

    def mail_states(self) -> list[str]:
        query = "SELECT mail_state FROM outbox WHERE mail_state IS NOT NULL ORDER BY id"
        return [row[0] for row in self.system.rows(query)]


@pytest.fixture
def upgrade(
    servers: Servers,
    database_url: str,
    start_redis: Callable[[], RedisServer],
    start_smtp: Callable[[], SmtpServer],
) -> Iterator[Upgrade]:
    with ExitStack() as stack:
        redis, smtp = start_redis(), start_smtp()
        system = System(replace(servers, redis=redis, smtp=smtp), database_url, stack)
        client = stack.enter_context(redis.client())
        yield Upgrade(system, smtp, client, stack)


@pytest.mark.rule("EVT-7", "EVT-2", "MAIL-3", "MAIL-5")
@pytest.mark.parametrize("relay_first", [True, False])
def test_an_upgrade_sends_every_mail_once_in_any_state(upgrade: Upgrade, *, relay_first: bool) -> None:
    system, smtp, client = upgrade.system, upgrade.smtp, upgrade.client
    previous = upgrade.start_previous_mailer()
    sent, half_sent, deferred, refused = [system.register() for _ in range(4)]
    smtp.hold(half_sent.email, at="accepted")
    smtp.refuse(deferred.email, code=451, times=1)
    smtp.refuse(refused.email)
    upgrade.publish_as_before()
    wait_until(lambda: client.hlen("mailer:dead") == 1, what="the refusal")
    system.mailbox.wait_for(sent.email)
    system.mailbox.wait_for(half_sent.email)
    wait_until(lambda: smtp.script.reached["rcpt"] >= 4, what="the deferral")
    previous.intake.close()  # stops reading, but keeps its claims
    read_by_a_dead_mailer, unread = [system.register() for _ in range(2)]
    upgrade.publish_as_before()
    client.xreadgroup("mailer", "dead", {STREAM: ">"}, count=2)

    steps = [system.publish, upgrade.start_mailer]
    for step in steps if relay_first else reversed(steps):
        step()
    after = system.register()
    system.publish()
    beside = upgrade.register_as_before()  # a relay of the previous release leads again
    system.publish()
    smtp.release()
    system.clock.advance(minutes=5)
    system.relay.step()  # this step also detects lost mails
    system.wait_for_mails()

    people = [sent, half_sent, deferred, read_by_a_dead_mailer, unread, after, beside]
    assert [system.mailbox.count(each.email) for each in people] == [1] * len(people)
    assert sorted(upgrade.mail_states()) == ["refused"] + ["sent"] * len(people)
    assert [entry.position for entry in system.entries()] == list(range(1, 17))
    smtp.reset()
    dead_letters = RedisDeadLetters(client)
    (letter,) = dead_letters.all()
    assert dead_letters.retry(letter) is RetryResult.QUEUED
    system.mail(refused.email)


@pytest.mark.rule("EVT-7")
def test_only_mails_that_may_still_be_sent_are_copied_with_their_ids(upgrade: Upgrade) -> None:
    sent, refused, expired, waiting = [upgrade.register_as_before() for _ in range(4)]
    for person, state in ((sent, "sent"), (refused, "refused"), (expired, "expired")):
        with upgrade.system.engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE outbox SET mail_state = '{state}' WHERE mail_state IS NOT NULL AND subject = '{person.id}'"
            )
    originals = upgrade.ids(STREAM)

    upgrade.system.publish()

    assert upgrade.ids(MAIL_STREAM) == [originals[3], originals[7]]
    assert [entry.event.subject for entry in upgrade.system.entries(MAIL_STREAM)] == [refused.id, waiting.id]


@pytest.mark.rule("EVT-7", "MAIL-7")
def test_copies_lost_by_redis_are_made_again_before_their_mails_count_as_lost(upgrade: Upgrade) -> None:
    for _ in range(2):
        upgrade.register_as_before()
    upgrade.system.publish()
    copies = upgrade.ids(MAIL_STREAM)

    upgrade.client.delete(MAIL_STREAM)  # as after a crash that lost the last second
    upgrade.system.clock.advance(seconds=61)
    upgrade.system.publish()

    assert upgrade.ids(MAIL_STREAM) == copies
    assert upgrade.mail_states() == ["waiting", "waiting"]


@pytest.mark.rule("EVT-7", "EVT-2")
def test_copying_continues_where_a_killed_relay_stopped(
    upgrade: Upgrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        upgrade.register_as_before()
    monkeypatch.setattr(legacy_mail_copies, "_PAGE", 3)
    killed = upgrade.start_relay()
    choose, pages = killed.outbox.unsent_mails, iter([True, False])

    def choose_once(event_ids: Any) -> Any:
        if not next(pages):
            raise KeyboardInterrupt
        return choose(event_ids)

    monkeypatch.setattr(killed.outbox, "unsent_mails", choose_once)
    with pytest.raises(KeyboardInterrupt):
        killed.step()
    copied = len(upgrade.ids(MAIL_STREAM))

    upgrade.start_relay().step()

    assert copied == 1
    assert upgrade.ids(MAIL_STREAM) == upgrade.ids(STREAM)[1::2]


@pytest.mark.rule("EVT-7", "EVT-2")
def test_concurrent_publishing_by_a_relay_of_the_previous_release_is_detected(
    upgrade: Upgrade, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = upgrade.system
    people = [upgrade.register_as_before()]
    assign = system.relay.outbox.assign_positions

    def assign_late(now: datetime, **named: int) -> object:
        people.append(upgrade.register_as_before())
        people.append(system.register())
        return assign(now, **named)

    assert system.relay.election.acquire()
    with monkeypatch.context() as late:
        late.setattr(system.relay.outbox, "assign_positions", assign_late)
        with pytest.raises(ConcurrentPublish):
            system.relay.step()
    system.publish()

    assert [entry.event.subject for entry in system.entries(MAIL_STREAM)] == [each.id for each in people]
    assert [entry.position for entry in system.entries()] == [1, 2, 3, 4, 5, 6]

"""After a failover of Redis, relay, mailer and consumers use the new primary while the old one answers (OPS-7)."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pytest
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from mailer.process import MailerProcess
from mailer.settings import Settings as MailerSettings
from port_events.consumer import Consumer
from port_events.envelope import STREAM, from_fields
from port_runtime.settings import load
from redis import Redis

from tests.shared.consumer_thread import GROUP, ConsumerThread
from tests.support.actors.people import Person
from tests.support.harness.clock import FakeClock
from tests.support.harness.measurements import report_figure
from tests.support.harness.polling import wait_until
from tests.support.harness.settings import mailer_settings
from tests.support.harness.system import Servers, System
from tests.support.servers.lifecycle import started
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer
from tests.support.servers.tcp_proxy import Proxy

MAX_SECONDS = 30


class Pair:
    """A primary and its replica behind an address that follows the failover."""

    def __init__(self, stack: ExitStack) -> None:
        self.old, self.new = (stack.enter_context(started(RedisServer())) for _ in range(2))
        self.new.follow(self.old)
        self.address = stack.enter_context(started(Proxy(self.old.port)))

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.address.port}/0"

    def promote(self) -> None:
        """Promote the replica. The old primary still accepts writes, which will be lost."""
        with self.new.client() as client:
            client.replicaof("NO", "ONE")

    def redirect(self) -> None:
        """Demote the old primary, keep its connections open, and direct the address to the new primary."""
        with self.old.client() as client:
            client.replicaof("127.0.0.1", str(self.new.port))
        self.address.target_port = self.new.port

    def isolate(self) -> None:
        """Disconnect the old primary from the new primary, so that it refuses reads too (MASTERDOWN)."""
        with self.old.client() as client:
            client.config_set("replica-serve-stale-data", "no")
            client.replicaof("127.0.0.1", str(free_port()))

    def entries(self) -> list[str]:
        """Return the ids of the events in the new primary's stream."""
        with self.new.client() as client:
            return [from_fields(*entry).event.id for entry in client.xrange(STREAM)]


@contextmanager
def _running(relay: Relay) -> Iterator[None]:
    thread = threading.Thread(target=relay.run, daemon=True)
    thread.start()
    yield
    relay.stop()
    thread.join(20)


@dataclass(frozen=True, slots=True)
class Parts:
    """An installation on the pair with a running clock, and two consumers of other services."""

    system: System
    consumers: list[ConsumerThread]

    def wait_for(self, people: Sequence[Person]) -> None:
        """Wait until the mail of each of these people is recorded as sent. Nobody else may have registered."""
        states = "SELECT mail_state FROM outbox WHERE mail_state IS NOT NULL"
        wait_until(
            lambda: [row.mail_state for row in self.system.rows(states)] == ["sent"] * len(people),
            what=f"{len(people)} receipts",
        )

    def expect_all_once(self, people: Sequence[Person], entries: Sequence[str]) -> None:
        """Check that each mail and each of the two events per registration arrived once."""
        wait_until(
            lambda: all(len(each.seen) >= 2 * len(people) for each in self.consumers), what="the events"
        )
        assert [self.system.mailbox.count(person.email) for person in people] == [1] * len(people)
        assert len(entries) == 2 * len(people)
        assert [sorted(each.seen) for each in self.consumers] == [sorted(entries)] * len(self.consumers)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def pair(stack: ExitStack) -> Pair:
    return Pair(stack)


@pytest.fixture
def parts(servers: Servers, sqlite_url: str, stack: ExitStack, pair: Pair) -> Parts:
    clock = FakeClock(running=True)
    system = System(replace(servers, clock=clock), sqlite_url, stack, own_app=True)
    relay = Relay(load(RelaySettings, {**system.environment, "REDIS_URL": pair.url}), clock=clock)
    stack.enter_context(_running(relay))
    settings = mailer_settings(servers.keys, redis_url=pair.url, smtp_url=servers.smtp.url, MAILER_LEASE="1")
    mailer = MailerProcess.build(load(MailerSettings, settings), clock=clock)
    mailer.start()
    stack.callback(mailer.stop)
    consumers = [
        ConsumerThread(Consumer.from_url(pair.url, group=GROUP, block_ms=200)),
        # A service may pass its own client, which does not handle failovers.
        ConsumerThread(Consumer(Redis.from_url(pair.url), group="billing", block_ms=200)),
    ]
    for each in consumers:
        each.thread.start()
        stack.callback(each.end)
    return Parts(system, consumers)


@pytest.mark.rule("OPS-7", "MAIL-3", "EVT-5")
@pytest.mark.parametrize("old", ["a replica", "an isolated replica"])
def test_relay_mailer_and_consumers_continue_on_the_new_primary(parts: Parts, pair: Pair, old: str) -> None:
    people = [parts.system.register()]
    parts.wait_for(people)

    pair.old.fail_over_to(pair.new)
    pair.redirect()
    if old == "an isolated replica":
        pair.isolate()
    began = time.monotonic()
    people += [parts.system.register() for _ in range(3)]
    parts.wait_for(people)

    seconds = time.monotonic() - began
    parts.expect_all_once(people, pair.entries())
    report_figure(f"Redis' failover: {seconds:.2f} s to a mail; none lost or duplicated")
    assert seconds < MAX_SECONDS


@pytest.mark.rule("OPS-7", "MAIL-3", "EVT-2", "EVT-5")
def test_entries_missing_on_the_new_primary_are_neither_lost_nor_repeated(parts: Parts, pair: Pair) -> None:
    people = [parts.system.register()]
    parts.wait_for(people)
    pair.promote()
    people += [parts.system.register() for _ in range(3)]
    parts.wait_for(people)

    pair.redirect()
    began = time.monotonic()
    people.append(parts.system.register())
    parts.wait_for(people)

    seconds = time.monotonic() - began
    parts.expect_all_once(people, pair.entries())
    report_figure(f"Redis' failover: {seconds:.2f} s to a mail; none lost or duplicated")
    assert seconds < MAX_SECONDS

"""A failover by Redis Sentinel loses and repeats nothing while the old primary keeps running (OPS-7).

Sentinel demotes the old primary about ten seconds after it has promoted the replica. Until then, both accept
writes, unless they require a replica.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis
from port_events.consumer import Consumer
from port_events.envelope import STREAM, from_fields

from tests.shared.consumer_thread import GROUP, ConsumerThread
from tests.support.harness.installation import Installation
from tests.support.harness.measurements import report_figure
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import run_preloaded
from tests.support.servers.lifecycle import started
from tests.support.servers.redis import RedisServer
from tests.support.servers.sentinel import DECISION_SECONDS, SentinelServer

MAX_SECONDS = 30


class WatchedPair:
    """A primary and its replica, watched by a sentinel."""

    def __init__(self, stack: ExitStack) -> None:
        self.servers = [stack.enter_context(started(RedisServer())) for _ in range(2)]
        self.servers[1].follow(self.servers[0])
        self.sentinel = stack.enter_context(started(SentinelServer(self.servers[0])))

    def require_replicas(self, number: int) -> None:
        """Make a primary refuse writes while it has fewer replicas than `number`."""
        for server in self.servers:
            with server.client() as client:
                client.config_set("min-replicas-to-write", number)

    def primary(self) -> RedisServer:
        return next(each for each in self.servers if each.port == self.sentinel.primary_port())

    def wait_for_demotion(self) -> None:
        wait_until(
            lambda: self._roles() == {"master", "slave"},
            what="the old primary to be demoted",
            timeout_seconds=DECISION_SECONDS,
        )

    def _roles(self) -> set[str]:
        """Return the roles of both servers; empty while the sentinel closes the connections of the demoted server."""
        try:
            return {each.role() for each in self.servers}
        except redis.ConnectionError:
            return set()

    def events(self) -> list[str]:
        """Return the ids of the events in the primary's stream."""
        with self.primary().client() as client:
            return [from_fields(*entry).event.id for entry in client.xrange(STREAM)]


@pytest.fixture
def pair() -> Iterator[WatchedPair]:
    with ExitStack() as stack:
        yield WatchedPair(stack)


@pytest.fixture
def consumer(pair: WatchedPair) -> Iterator[ConsumerThread]:
    thread = ConsumerThread(Consumer.from_url(pair.sentinel.url, group=GROUP, block_ms=200))
    thread.thread.start()
    yield thread
    thread.end()


@pytest.mark.rule("OPS-7", "MAIL-3", "EVT-2", "EVT-5")
@pytest.mark.parametrize(
    "replicas", [0, 1], ids=["the old primary accepts writes", "the old primary refuses writes"]
)
def test_relay_mailers_and_consumers_follow_the_sentinel(
    installation_on_sqlite: Installation, pair: WatchedPair, consumer: ConsumerThread, replicas: int
) -> None:
    installation = installation_on_sqlite
    installation.environment["REDIS_URL"] = pair.sentinel.url
    # Longer than the old primary accepts writes: a mailer still connected to it takes over no other mailer's mail.
    installation.environment["MAILER_LEASE"] = "15"
    installation.start("web", "relay", "mailer", "mailer")
    pair.require_replicas(replicas)
    people = [installation.register()]
    installation.wait_for_mails()

    pair.sentinel.fail_over()
    people += [installation.register() for _ in range(3)]
    pair.wait_for_demotion()
    began = time.monotonic()
    people.append(installation.register())
    installation.wait_for_mails()
    wait_until(lambda: len(pair.events()) >= 2 * len(people), what="the events")
    seconds = time.monotonic() - began
    wait_until(lambda: len(consumer.seen) >= 2 * len(people), what="the consumer")

    report_figure(f"Redis' failover by Sentinel: {seconds:.2f} s to a mail; none lost or duplicated")
    assert seconds < MAX_SECONDS
    assert [installation.mailbox.count(person.email) for person in people] == [1] * len(people)
    assert len(pair.events()) == 2 * len(people)
    assert sorted(consumer.seen) == sorted(pair.events())


@pytest.mark.rule("OPS-5", "OPS-7")
def test_every_command_finds_the_primary_through_sentinel(
    installation_on_sqlite: Installation, pair: WatchedPair
) -> None:
    installation = installation_on_sqlite
    installation.environment["REDIS_URL"] = pair.sentinel.url
    installation.start("web", "relay", "mailer")
    installation.register()
    wait_until(lambda: installation.rows("SELECT 1 FROM audit_anchor"), what="the end of the audit log")
    commands = [
        ("identity", "check"),
        ("identity", "audit", "verify"),
        ("identity", "events", "replay", "--after", "0"),
        ("mailer", "check"),
        ("mailer", "queue"),
    ]

    ended = [run_preloaded(*each, environment=installation.environment) for each in commands]

    assert [(each.args, each.stderr) for each in ended if each.returncode] == []

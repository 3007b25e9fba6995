"""After a failover of Redis every part goes on with the new primary, although the old one still answers (OPS-7)."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

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
from tests.support.harness.settings import mailer_settings
from tests.support.harness.system import Servers, System
from tests.support.harness.waiting import wait_until
from tests.support.servers.lifecycle import started
from tests.support.servers.proxy import Proxy
from tests.support.servers.redis import RedisServer

MAX_SECONDS = 30


class Pair:
    """A primary and its replica."""

    def __init__(self, stack: ExitStack) -> None:
        self.old, self.new = (stack.enter_context(started(RedisServer())) for _ in range(2))
        self.new.follow(self.old)

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


@pytest.mark.rule("OPS-7", "MAIL-3", "EVT-5")
def test_relay_mailer_and_consumers_go_on_with_the_new_primary(servers: Servers, sqlite_url: str) -> None:
    with ExitStack() as stack:
        system = System(servers, sqlite_url, stack)
        pair = Pair(stack)
        address = stack.enter_context(started(Proxy(pair.old.port)))
        url = f"redis://127.0.0.1:{address.port}/0"
        relay = Relay(load(RelaySettings, {**system.environment, "REDIS_URL": url}), clock=system.clock)
        stack.enter_context(_running(relay))
        settings = mailer_settings(servers.keys, redis_url=url, smtp_url=servers.smtp.url, MAILER_LEASE="1")
        mailer = MailerProcess.build(load(MailerSettings, settings), clock=system.clock)
        mailer.start()
        stack.callback(mailer.stop)
        consumers = [
            ConsumerThread(Consumer.from_url(url, group=GROUP, block_ms=200)),
            # A service may pass a client of its own, which knows nothing of failovers.
            ConsumerThread(Consumer(Redis.from_url(url), group="billing", block_ms=200)),
        ]
        for each in consumers:
            each.thread.start()
            stack.callback(each.end)

        people = [system.register()]
        _wait_for(system, people)
        pair.old.fail_over_to(pair.new)
        address.target_port = pair.new.port  # connections to the old primary stay open
        began = time.monotonic()
        people += [system.register() for _ in range(3)]
        _wait_for(system, people)
        wait_until(lambda: all(len(each.seen) >= 8 for each in consumers), what="the events")
        seconds = time.monotonic() - began

        assert seconds < MAX_SECONDS
        assert [system.mailbox.count(person.email) for person in people] == [1] * 4
        assert len(pair.entries()) == 8
        assert [sorted(each.seen) for each in consumers] == [sorted(pair.entries())] * len(consumers)


def _wait_for(system: System, people: Sequence[object]) -> None:
    """Wait until the mails of all these people are sent and their receipts recorded."""
    wait_until(
        lambda: (
            [
                row.mail_state
                for row in system.rows("SELECT mail_state FROM outbox WHERE mail_state IS NOT NULL")
            ]
            == ["sent"] * len(people)
        ),
        what=f"{len(people)} receipts",
    )

"""A consumer that runs in a thread of the test process."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from port_events.consumer import Consumer
from port_events.envelope import STREAM
from redis import Redis

from tests.shared.builders import an_event, fields_of
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer

GROUP = "passes"


class ConsumerThread:
    """A thread that iterates over a consumer. `seen` contains the ids of the events that it received.

    While `gate` is cleared, the thread stays for up to 10 s at the event that it received last.
    """

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.seen: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.thread = threading.Thread(target=self._follow, daemon=True)

    def _follow(self) -> None:
        for event in self.consumer:
            self.seen.append(event.id)
            self.gate.wait(10)

    def wait_for(self, *ids: str) -> None:
        wait_until(lambda: self.seen == list(ids), what=f"{list(ids)} to be handled, not {self.seen}")

    def end(self) -> None:
        self.consumer.stop()
        self.gate.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


@contextlib.contextmanager
def following(server: RedisServer, **options: Any) -> Iterator[ConsumerThread]:
    """Run a consumer with short waits during the with block."""
    consumer = Consumer.from_url(server.url, group=GROUP, **{"block_ms": 50, **options})
    follower = ConsumerThread(consumer)
    follower.thread.start()
    try:
        yield follower
    finally:
        follower.end()


def publish(client: Redis, *ids: str) -> list[str]:
    """Add an event with each id to the stream; return the entry IDs."""
    return [str(client.xadd(STREAM, fields_of(an_event(id=each)))) for each in ids]


def pending(client: Redis) -> int:
    return int(client.xpending(STREAM, GROUP)["pending"])

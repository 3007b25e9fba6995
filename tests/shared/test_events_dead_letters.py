"""Entries that cannot be parsed or handled become dead letters, which can be retried (EVT-5)."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from port_events.consumer import Consumer, RetryLater
from port_events.envelope import STREAM, Event
from redis import Redis

from tests.shared.builders import an_event
from tests.shared.consumer_thread import GROUP, following, pending, publish
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("port_events._consumer.retry.HANDLER_MIN_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("port_events._consumer.retry.HANDLER_MAX_WAIT_SECONDS", 0.002)


class Handler:
    """A handler that fails `bad[id]` times for an event; in the keywords, `_` stands for `-`."""

    def __init__(self, **bad: int) -> None:
        self.bad = {name.replace("_", "-"): times for name, times in bad.items()}
        self.begun: list[str] = []
        self.done: list[str] = []

    def __call__(self, event: Event) -> None:
        self.begun.append(event.id)
        if self.bad.get(event.id, 0) > 0:
            self.bad[event.id] -= 1
            raise ValueError("王小明 of wang@example.tw")
        self.done.append(event.id)


@contextlib.contextmanager
def running(
    server: RedisServer, handler: Callable[[Event], None], *, claim_idle_ms: int = 30_000, tries: int = 5
) -> Iterator[Consumer]:
    consumer = Consumer.from_url(
        server.url, group=GROUP, block_ms=20, claim_idle_ms=claim_idle_ms, tries=tries
    )
    thread = threading.Thread(target=consumer.run, args=(handler,), daemon=True)
    thread.start()
    try:
        yield consumer
    finally:
        consumer.stop()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.rule("EVT-5")
def test_a_failed_event_is_retried_before_later_events(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-2")
    handler = Handler(e_1=2)

    with running(redis_server, handler) as consumer:
        wait_until(lambda: handler.done == ["e-1", "e-2"], what="both events to be handled")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")

    assert handler.begun == ["e-1", "e-1", "e-1", "e-2"]
    assert consumer.dead_letters() == []


@pytest.mark.rule("EVT-5")
def test_an_event_that_fails_five_times_becomes_a_dead_letter_and_the_next_are_handled(
    redis_server: RedisServer, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    (entry_id, _) = publish(client, "e-1", "e-2")
    handler = Handler(e_1=99)

    with running(redis_server, handler) as consumer:
        wait_until(lambda: handler.done == ["e-2"], what="the next event to be handled")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")

    (dead_letter,) = consumer.dead_letters()
    assert handler.begun.count("e-1") == 5
    assert (dead_letter.event, dead_letter.entry_id, consumer.dead_lettered) == (
        an_event(id="e-1"),
        entry_id,
        1,
    )
    assert dead_letter.reason.startswith("ValueError at test_events_dead_letters.py:")
    assert f"entry {entry_id} becomes a dead letter" in caplog.text
    stored = str(client.xrange(f"seen:{GROUP}:aside"))
    assert "wang@example.tw" not in stored + caplog.text
    assert "王小明" not in stored + caplog.text


@pytest.mark.rule("EVT-5")
def test_retry_later_retries_until_the_handler_succeeds(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-2")
    away, done = list(range(20)), []

    def handler(event: Event) -> None:
        if away:
            away.pop()
            raise RetryLater
        done.append(event.id)

    with running(redis_server, handler) as consumer:
        wait_until(lambda: done == ["e-1", "e-2"], what="both events to be handled")

    assert consumer.dead_letters() == []


@pytest.mark.rule("EVT-5")
def test_a_retried_dead_letter_is_handled_and_deleted(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1")
    handler = Handler(e_1=5)

    with running(redis_server, handler, claim_idle_ms=100) as consumer:
        wait_until(consumer.dead_letters, what="the dead letter")
        client.xtrim(STREAM, maxlen=0)
        given_back = consumer.retry_dead_letter(consumer.dead_letters()[0].id)
        wait_until(lambda: handler.done == ["e-1"], what="the event to be handled")
        wait_until(lambda: not consumer.dead_letters(), what="the dead letter to be deleted")

    assert given_back
    assert not consumer.retry_dead_letter("1-1")


@pytest.mark.rule("EVT-5")
def test_a_dead_letter_that_fails_again_stays(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1")
    handler = Handler(e_1=99)

    with running(redis_server, handler, claim_idle_ms=100) as consumer:
        wait_until(consumer.dead_letters, what="the dead letter")
        before = consumer.dead_letters()
        consumer.retry_dead_letter(before[0].id)
        wait_until(lambda: len(handler.begun) == 10, what="its next five tries")
        wait_until(lambda: consumer.dead_lettered == 2, what="the event to fail for the last time")

    assert consumer.dead_letters() == before


@pytest.mark.rule("EVT-5")
def test_a_retried_dead_letter_survives_the_death_of_its_consumer(
    redis_server: RedisServer, client: Redis
) -> None:
    publish(client, "e-1")
    with running(redis_server, Handler(e_1=99)) as consumer:
        wait_until(consumer.dead_letters, what="the dead letter")
    (dead_letter,) = consumer.dead_letters()
    consumer.retry_dead_letter(dead_letter.id)
    client.xautoclaim(f"seen:{GROUP}:aside", GROUP, "killed", 0)

    handler = Handler()
    with running(redis_server, handler, claim_idle_ms=50):
        wait_until(lambda: handler.done == ["e-1"], what="the dead letter to be taken over")


@pytest.mark.rule("EVT-5")
def test_a_malformed_entry_is_listed_without_its_sealed_part(
    redis_server: RedisServer, client: Redis
) -> None:
    entry_id = client.xadd(STREAM, {"ce": "{nonsense", "type": "x", "sealed": "for the mailer"})

    with following(redis_server) as follower:
        wait_until(lambda: follower.consumer.malformed == 1, what="the dead letter")
        wait_until(lambda: pending(client) == 0, what="the acknowledgement")

    (dead_letter,) = follower.consumer.dead_letters()
    assert (dead_letter.event, dead_letter.entry_id, dead_letter.reason) == (None, entry_id, "ce: not JSON")
    assert "for the mailer" not in str(client.xrange(f"seen:{GROUP}:aside"))


CRASHING = """
import os, sys
from port_events.consumer import Consumer
for event in Consumer.from_url(sys.argv[1], group="passes", block_ms=20, claim_idle_ms=1):
    if event.id == "poison":
        os._exit(9)
    print(event.id, flush=True)
    if event.id == "last":
        break
"""


@pytest.mark.rule("EVT-5")
def test_an_entry_that_kills_its_consumer_five_times_becomes_a_dead_letter_and_its_neighbours_do_not(
    redis_server: RedisServer, client: Redis
) -> None:
    publish(client, "e-1", "poison", "e-2", "e-3", "last")
    runs = []

    for _ in range(6):
        command = [sys.executable, "-c", CRASHING, redis_server.url]
        runs.append(subprocess.run(command, capture_output=True, text=True, timeout=30, check=False))

    dead_letters = Consumer.from_url(redis_server.url, group=GROUP).dead_letters()
    assert [run.returncode for run in runs] == [9, 9, 9, 9, 9, 0]
    assert "".join(run.stdout for run in runs).split() == ["e-1", "e-2", "e-3", "last"]
    assert [(each.event.id, each.reason) for each in dead_letters if each.event] == [
        ("poison", "begun 5 times and never finished")
    ]


def test_stopping_between_tries_releases_the_entry(
    redis_server: RedisServer, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("port_events._consumer.retry.HANDLER_MIN_WAIT_SECONDS", 60.0)
    monkeypatch.setattr("port_events._consumer.retry.HANDLER_MAX_WAIT_SECONDS", 60.0)
    publish(client, "e-1", "e-2")
    handler = Handler(e_1=1)

    with running(redis_server, handler):
        wait_until(lambda: handler.begun, what="the first try")
    with following(redis_server) as successor:
        successor.wait_for("e-1", "e-2")

    assert handler.done == []

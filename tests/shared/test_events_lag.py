"""The lag of a group, in entries and seconds (EVT-5)."""

from collections.abc import Iterator

import pytest
from port_events.consumer import Consumer
from port_events.envelope import STREAM
from port_events.lag import Lag
from redis import Redis

from tests.shared.builders import an_event, fields_of
from tests.shared.consumer_thread import GROUP, following, pending
from tests.shared.feed_server import Published
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


@pytest.fixture
def consumer(redis_server: RedisServer) -> Consumer:
    return Consumer.from_url(redis_server.url, group=GROUP)


def aged(client: Redis, seconds: int) -> str:
    """Add an entry of this age; return the entry ID."""
    now, _ = client.time()
    return str(client.xadd(STREAM, fields_of(an_event()), id=f"{(now - seconds) * 1000}-1"))


def test_a_missing_group_has_no_lag(consumer: Consumer) -> None:
    assert consumer.lag() == Lag(0, 0.0)


@pytest.mark.rule("EVT-5")
def test_unread_entries_are_counted_and_the_oldest_is_timed(client: Redis, consumer: Consumer) -> None:
    aged(client, 500)
    aged(client, 100)
    client.xgroup_create(STREAM, GROUP, "0")

    lag = consumer.lag()

    assert lag.entries == 2
    assert 499 <= lag.seconds <= 502


@pytest.mark.rule("EVT-5")
def test_pending_entries_count_until_they_are_acknowledged(client: Redis, consumer: Consumer) -> None:
    first = aged(client, 500)
    aged(client, 100)
    client.xgroup_create(STREAM, GROUP, "0")
    client.xreadgroup(GROUP, "a", {STREAM: ">"}, count=1)

    unacknowledged = consumer.lag()
    client.xack(STREAM, GROUP, first)
    acknowledged = consumer.lag()

    assert (unacknowledged.entries, acknowledged.entries) == (2, 1)
    assert unacknowledged.seconds >= 499
    assert 99 <= acknowledged.seconds <= 102


@pytest.mark.rule("EVT-5")
def test_unread_entries_are_counted_by_position_where_redis_cannot(client: Redis, consumer: Consumer) -> None:
    ids = Published().add(client, *(f"e-{number}" for number in range(10)))
    client.xgroup_create(STREAM, GROUP, ids[2])
    client.xdel(STREAM, ids[5])
    unknown = client.xinfo_groups(STREAM)[0]["lag"]

    lag = consumer.lag()

    assert unknown is None
    assert lag.entries == 7


@pytest.mark.rule("EVT-5")
def test_a_group_that_has_handled_everything_has_no_lag(redis_server: RedisServer, client: Redis) -> None:
    aged(client, 500)

    with following(redis_server) as follower:
        follower.wait_for("e-1")
        wait_until(lambda: pending(client) == 0, what="the acknowledgement")
        lag = follower.consumer.lag()

    assert lag == Lag(0, 0.0)

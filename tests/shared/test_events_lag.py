"""How far a group is behind: how many entries, and for how long (EVT-5)."""

from collections.abc import Iterator

import pytest
from port_events.consumer import Consumer
from port_events.envelope import STREAM
from port_events.lag import Lag
from redis import Redis

from tests.shared.builders import an_event, fields_of
from tests.shared.feeding import Published
from tests.shared.following import GROUP, following, pending
from tests.support.harness.waiting import wait_until
from tests.support.servers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


@pytest.fixture
def consumer(redis_server: RedisServer) -> Consumer:
    return Consumer.from_url(redis_server.url, group=GROUP)


def aged(client: Redis, seconds: int) -> str:
    """Add an entry that was published so long ago."""
    now, _ = client.time()
    return str(client.xadd(STREAM, fields_of(an_event()), id=f"{(now - seconds) * 1000}-1"))


def test_a_group_that_is_not_there_is_not_behind(consumer: Consumer) -> None:
    assert consumer.lag() == Lag(0, 0.0)


@pytest.mark.rule("EVT-5")
def test_what_nobody_has_read_is_counted_and_its_oldest_is_timed(client: Redis, consumer: Consumer) -> None:
    aged(client, 500)
    aged(client, 100)
    client.xgroup_create(STREAM, GROUP, "0")

    lag = consumer.lag()

    assert lag.entries == 2
    assert 499 <= lag.seconds <= 502


@pytest.mark.rule("EVT-5")
def test_what_somebody_holds_is_counted_until_it_is_acknowledged(client: Redis, consumer: Consumer) -> None:
    first = aged(client, 500)
    aged(client, 100)
    client.xgroup_create(STREAM, GROUP, "0")
    client.xreadgroup(GROUP, "a", {STREAM: ">"}, count=1)

    held = consumer.lag()
    client.xack(STREAM, GROUP, first)
    acknowledged = consumer.lag()

    assert (held.entries, acknowledged.entries) == (2, 1)
    assert held.seconds >= 499
    assert 99 <= acknowledged.seconds <= 102


@pytest.mark.rule("EVT-5")
def test_where_redis_cannot_count_the_positions_do(client: Redis, consumer: Consumer) -> None:
    ids = Published().add(client, *(f"e-{number}" for number in range(10)))
    client.xgroup_create(STREAM, GROUP, ids[2])
    client.xdel(STREAM, ids[5])
    unknown = client.xinfo_groups(STREAM)[0]["lag"]

    lag = consumer.lag()

    assert unknown is None
    assert lag.entries == 7


@pytest.mark.rule("EVT-5")
def test_a_group_that_has_handled_everything_is_not_behind(redis_server: RedisServer, client: Redis) -> None:
    aged(client, 500)

    with following(redis_server) as follower:
        follower.wait_for("e-1")
        wait_until(lambda: pending(client) == 0, what="the acknowledgement")
        lag = follower.consumer.lag()

    assert lag == Lag(0, 0.0)

"""A consumer switches from the stream to the feed and back without a gap or a repeated event (EVT-6)."""

from collections.abc import Iterator

import pytest
from port_events.consumer import Consumer
from port_events.envelope import STREAM, Event
from port_events.feed import CursorExpired, Feed, FeedRefused
from redis import Redis

from tests.shared.consumer_thread import GROUP, following, pending
from tests.shared.feed_server import SECRET, Published, served
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer

POSITION = f"seen:{GROUP}:position"
LEASE = f"seen:{GROUP}:catching_up"


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def feed(published: Published) -> Iterator[Feed]:
    with served(published) as address:
        yield Feed(address, SECRET, limit=4)


def ids(first: int, last: int) -> list[str]:
    return [f"e-{number}" for number in range(first, last + 1)]


@pytest.mark.rule("EVT-6")
def test_a_group_without_a_gap_does_not_read_the_feed(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 20))

    with following(redis_server, feed=feed, batch=3) as follower:
        follower.wait_for(*ids(1, 20))
        wait_until(lambda: client.get(POSITION) == "20", what="the position to be stored")

    assert published.requests == []


@pytest.mark.rule("EVT-6")
def test_a_group_that_was_down_reads_trimmed_events_from_the_feed_in_order(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 3))
    with following(redis_server, feed=feed) as follower:
        follower.wait_for(*ids(1, 3))
        wait_until(lambda: client.get(POSITION) == "3", what="the position to be stored")
    published.add(client, *ids(4, 20))
    client.xtrim(STREAM, maxlen=4, approximate=False)

    with following(redis_server, feed=feed) as returned:
        returned.wait_for(*ids(4, 20))
        wait_until(lambda: client.get(POSITION) == "20", what="the position to be stored")

    assert pending(client) == 0
    assert (returned.consumer.duplicates, client.exists(LEASE)) == (0, 0)


@pytest.mark.rule("EVT-6")
def test_a_new_group_begins_with_the_first_event_ever(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 9))
    client.xtrim(STREAM, maxlen=2, approximate=False)

    with following(redis_server, feed=feed) as follower:
        follower.wait_for(*ids(1, 9))


@pytest.mark.rule("EVT-6")
def test_without_a_feed_a_group_begins_with_the_stream_and_counts_events_lost_later(
    redis_server: RedisServer, client: Redis, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    published.add(client, *ids(1, 9))
    client.xtrim(STREAM, maxlen=2, approximate=False)
    with following(redis_server) as follower:
        follower.wait_for(*ids(8, 9))
        wait_until(lambda: client.get(POSITION) == "9", what="the position to be stored")
    published.add(client, *ids(10, 15))
    client.xtrim(STREAM, maxlen=1, approximate=False)

    with following(redis_server) as returned:
        returned.wait_for("e-15")

    assert (follower.consumer.lost, returned.consumer.lost) == (0, 5)
    assert "5 events after position 9 were trimmed before they were handled" in caplog.text


@pytest.mark.rule("EVT-6")
def test_a_group_that_starts_at_the_end_reads_nothing_older(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 9))

    with following(redis_server, feed=feed, start="$") as follower:
        wait_until(lambda: client.get(POSITION) == "9", what="the group to begin")
        published.add(client, *ids(10, 12))
        client.xtrim(STREAM, maxlen=1, approximate=False)
        follower.wait_for(*ids(10, 12))


@pytest.mark.rule("EVT-6")
@pytest.mark.parametrize("name", ["killed", "another"])
def test_pending_events_of_a_dead_member_that_were_trimmed_come_from_the_feed(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed, name: str
) -> None:
    published.add(client, *ids(1, 6))
    client.xgroup_create(STREAM, GROUP, "0")
    client.xreadgroup(GROUP, "killed", {STREAM: ">"}, count=4)
    client.xtrim(STREAM, maxlen=3, approximate=False)

    with following(redis_server, feed=feed, name=name, claim_idle_ms=1) as follower:
        follower.wait_for(*ids(1, 6))

    assert (follower.consumer.malformed, follower.consumer.dead_letters()) == (0, [])


@pytest.mark.rule("EVT-2", "EVT-6")
def test_a_running_group_reads_events_that_a_wiped_redis_lost_from_the_feed(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 5))

    with following(redis_server, feed=feed) as follower:
        follower.wait_for(*ids(1, 5))
        wait_until(lambda: client.get(POSITION) == "5", what="the position to be stored")
        published.add(None, *ids(6, 9))
        redis_server.wipe()
        published.add(client, "e-10")
        follower.wait_for(*ids(1, 10))


@pytest.mark.rule("EVT-6")
def test_one_member_reads_the_feed_while_the_others_wait(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 30))
    client.xtrim(STREAM, maxlen=10, approximate=False)

    with following(redis_server, feed=feed, batch=1) as one:
        one.gate.clear()
        wait_until(lambda: one.seen == ["e-1"], what="one member to begin with the feed")
        with following(redis_server, feed=feed, batch=1) as two:
            wait_until(lambda: len(client.xinfo_consumers(STREAM, GROUP)) == 2, what="two members to read")
            seen_meanwhile = list(two.seen)
            one.gate.set()
            wait_until(lambda: len(one.seen) + len(two.seen) == 30, what="all events")

    assert seen_meanwhile == []
    assert one.seen[:20] == ids(1, 20)
    assert sorted(one.seen + two.seen) == sorted(ids(1, 30))


@pytest.mark.rule("EVT-6")
def test_another_member_continues_after_a_member_died_during_a_catch_up(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 9))
    client.xtrim(STREAM, maxlen=1, approximate=False)
    client.set(LEASE, "killed", px=300)
    client.set(POSITION, 3)

    with following(redis_server, feed=feed) as follower:
        follower.wait_for(*ids(4, 9))


@pytest.mark.rule("EVT-6")
def test_a_failing_event_of_the_feed_becomes_a_dead_letter(
    redis_server: RedisServer,
    client: Redis,
    published: Published,
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("port_events._consumer.retry.HANDLER_MIN_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("port_events._consumer.retry.HANDLER_MAX_WAIT_SECONDS", 0.002)
    published.add(client, *ids(1, 6))
    published.items[2]["event"]["specversion"] = "9"
    client.xtrim(STREAM, maxlen=1, approximate=False)
    consumer = Consumer.from_url(redis_server.url, group=GROUP, feed=feed, block_ms=20, tries=3)
    begun: list[str] = []

    def handler(event: Event) -> None:
        begun.append(event.id)
        if event.id == "e-2":
            raise ValueError
        if event.id == "e-6":
            consumer.stop()

    consumer.run(handler)

    assert begun == ["e-1", "e-2", "e-2", "e-2", "e-4", "e-5", "e-6"]
    assert [each.event and each.event.id for each in consumer.dead_letters()] == ["e-2", None]


@pytest.mark.rule("EVT-6")
def test_an_event_of_the_feed_that_kills_its_consumers_becomes_a_dead_letter(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 4))
    client.xtrim(STREAM, maxlen=1, approximate=False)
    client.set(f"seen:{GROUP}:begun", "1 5")

    with following(redis_server, feed=feed) as follower:
        follower.wait_for(*ids(2, 4))

    (dead_letter,) = follower.consumer.dead_letters()
    assert (dead_letter.event and dead_letter.event.id, dead_letter.reason) == (
        "e-1",
        "begun 5 times and never finished",
    )


@pytest.mark.rule("EVT-6")
def test_an_unavailable_feed_is_retried_before_later_events_are_handled(
    redis_server: RedisServer,
    client: Redis,
    published: Published,
    feed: Feed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    published.add(client, *ids(1, 6))
    client.xtrim(STREAM, maxlen=2, approximate=False)
    published.errors = [(503, b"")] * 3

    with following(redis_server, feed=feed) as follower:
        follower.wait_for(*ids(1, 6))

    assert caplog.text.count("the feed does not answer (FeedUnavailable)") == 3


@pytest.mark.rule("EVT-6")
def test_past_the_feeds_retention_the_cursor_has_expired(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 9))
    client.xtrim(STREAM, maxlen=2, approximate=False)
    published.oldest = 5

    with pytest.raises(CursorExpired):
        next(iter(Consumer.from_url(redis_server.url, group=GROUP, feed=feed)))

    assert client.exists(LEASE) == 0


@pytest.mark.rule("EVT-6")
@pytest.mark.parametrize(("position", "stream_length"), [(6, 2), (6, 9), (0, 9), (9, 9), (9, 0)])
def test_after_a_snapshot_the_consumer_continues_from_its_position(
    redis_server: RedisServer,
    client: Redis,
    published: Published,
    feed: Feed,
    *,
    position: int,
    stream_length: int,
) -> None:
    published.add(client, *ids(1, 9))
    client.xgroup_create(STREAM, GROUP, "0")
    client.xreadgroup(GROUP, "killed", {STREAM: ">"}, count=3)
    client.xtrim(STREAM, maxlen=stream_length, approximate=False)

    Consumer.from_url(redis_server.url, group=GROUP, feed=feed).start_at(position)

    with following(redis_server, feed=feed, claim_idle_ms=1) as follower:
        published.add(client, "e-10")
        follower.wait_for(*ids(position + 1, 10))


def test_a_feed_that_refuses_ends_the_consumer(
    redis_server: RedisServer, client: Redis, published: Published, feed: Feed
) -> None:
    published.add(client, *ids(1, 3))
    client.xtrim(STREAM, maxlen=1, approximate=False)

    with pytest.raises(FeedRefused):
        next(iter(Consumer.from_url(redis_server.url, group=GROUP, feed=Feed(feed.url, "wrong"))))


@pytest.mark.rule("EVT-5")
def test_a_consumer_stops_while_the_feed_does_not_answer(
    redis_server: RedisServer,
    client: Redis,
    published: Published,
    feed: Feed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    published.add(client, *ids(1, 3))
    client.xtrim(STREAM, maxlen=1, approximate=False)
    published.errors = [(503, b"")] * 1000

    with following(redis_server, feed=feed) as follower:
        wait_until(lambda: "the feed does not answer" in caplog.text, what="the fault to be noticed")

    assert follower.seen == []

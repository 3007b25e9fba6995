"""A consumer handles each event once, releases pending entries when it stops, and survives outages of Redis (EVT-5)."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from port_events.consumer import Consumer
from port_events.envelope import STREAM, Event, to_json
from redis import Redis
from redis.exceptions import NoPermissionError

from deploy.redis.acl import roles
from tests.shared.builders import an_event, fields_of
from tests.shared.consumer_thread import GROUP, following, pending, publish
from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer

HOUR_MS = 3_600_000


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


def first_of(consumer: Consumer) -> Event:
    return next(iter(consumer))


@pytest.mark.rule("EVT-5")
def test_events_arrive_in_order(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-2")

    with following(redis_server) as follower:
        follower.wait_for("e-1", "e-2")
        publish(client, "e-3")
        follower.wait_for("e-1", "e-2", "e-3")

    assert pending(client) == 0


def test_a_new_group_can_start_at_the_end_of_the_stream(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "old")

    with following(redis_server, start="$") as follower:
        wait_until(lambda: client.xinfo_groups(STREAM), what="the group")
        publish(client, "new")
        follower.wait_for("new")


def test_an_event_arrives_unchanged(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1")

    event = first_of(Consumer.from_url(redis_server.url, group=GROUP))

    assert event == an_event(id="e-1")


@pytest.mark.rule("EVT-5")
def test_an_event_is_acknowledged_only_after_it_was_handled(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-2")

    with following(redis_server, batch=1) as follower:
        follower.gate.clear()
        wait_until(lambda: follower.seen, what="the first event")
        unacknowledged = pending(client)
        follower.gate.set()
        follower.wait_for("e-1", "e-2")
        wait_until(lambda: pending(client) == 0, what="the acknowledgement")

    assert unacknowledged == 1


@pytest.mark.rule("EVT-2", "EVT-5")
def test_repeated_events_are_dropped_at_any_distance(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-1", "e-2", "e-1")

    with following(redis_server) as follower:
        follower.wait_for("e-1", "e-2")
        wait_until(lambda: pending(client) == 0, what="the last repeated event to be dropped")
    publish(client, "e-2", "e-3")
    with following(redis_server) as successor:
        successor.wait_for("e-3")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")

    assert follower.consumer.duplicates == 2
    assert successor.consumer.duplicates == 1


@pytest.mark.rule("EVT-2", "EVT-5")
def test_a_restarted_only_member_begins_with_its_pending_entries(
    redis_server: RedisServer, client: Redis
) -> None:
    publish(client, "e-1", "e-2")
    client.xgroup_create(STREAM, GROUP, id="0")
    client.xreadgroup(GROUP, "only", {STREAM: ">"})  # like a kill after the read
    publish(client, "e-3")

    with following(redis_server, name="only") as follower:
        follower.wait_for("e-1", "e-2", "e-3")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")


def test_another_group_sees_every_event_too(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1")

    with following(redis_server) as follower:
        follower.wait_for("e-1")
    other = first_of(Consumer.from_url(redis_server.url, group="billing"))

    assert other.id == "e-1"


def test_dedupe_marks_expire(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1")

    with following(redis_server, dedupe_ttl_seconds=1000) as follower:
        follower.wait_for("e-1")
        wait_until(lambda: pending(client) == 0, what="the acknowledgement")

    assert 0 < client.ttl("seen:passes:e-1") <= 1000


@pytest.mark.rule("EVT-5")
def test_entries_of_a_dead_member_are_handled_once(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-2")
    client.xgroup_create(STREAM, GROUP, "0")
    client.xreadgroup(GROUP, "killed", {STREAM: ">"}, count=1)

    with following(redis_server, claim_idle_ms=1) as follower:
        wait_until(lambda: len(follower.seen) == 2, what="both events")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")

    assert sorted(follower.seen) == ["e-1", "e-2"]


def test_entries_of_a_living_member_are_not_claimed(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1", "e-2")
    client.xgroup_create(STREAM, GROUP, "0")
    client.xreadgroup(GROUP, "busy", {STREAM: ">"}, count=1)

    with following(redis_server, claim_idle_ms=HOUR_MS) as follower:
        follower.wait_for("e-2")

    assert pending(client) == 1


@pytest.mark.rule("EVT-5")
def test_members_of_a_group_share_the_events(redis_server: RedisServer, client: Redis) -> None:
    ids = [f"e-{number}" for number in range(200)]

    with following(redis_server, batch=5) as one, following(redis_server, batch=5) as two:
        publish(client, *ids)
        wait_until(lambda: len(one.seen) + len(two.seen) >= len(ids), what="all events")

    assert sorted(one.seen + two.seen) == sorted(ids)


@pytest.mark.rule("EVT-5")
def test_malformed_entries_become_dead_letters_and_are_logged_without_their_content(
    redis_server: RedisServer,
    client: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.xadd(STREAM, {"ce": "{hush", "type": "x"})
    client.xadd(STREAM, {"other": "hush"})
    client.xadd(STREAM, {"ce": b"\xff", "type": "x"})
    client.xadd(STREAM, {"ce": to_json(an_event()), "type": "another"})
    publish(client, "e-1")

    with following(redis_server) as follower:
        follower.wait_for("e-1")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")

    assert follower.consumer.malformed == 4
    assert caplog.text.count("becomes a dead letter") == 4
    assert "hush" not in caplog.text


@pytest.mark.rule("EVT-5")
def test_a_stop_finishes_the_current_event_and_releases_the_others(
    redis_server: RedisServer,
    client: Redis,
) -> None:
    publish(client, "e-1", "e-2", "e-3")

    with following(redis_server) as leaving:
        leaving.gate.clear()
        wait_until(lambda: leaving.seen, what="the first event")
        leaving.end()
    with following(redis_server, claim_idle_ms=HOUR_MS) as successor:
        successor.wait_for("e-2", "e-3")
        wait_until(lambda: pending(client) == 0, what="the acknowledgements")

    assert leaving.seen == ["e-1"]


@pytest.mark.rule("EVT-5")
def test_an_event_whose_handling_failed_is_redelivered_at_once(
    redis_server: RedisServer, client: Redis
) -> None:
    publish(client, "e-1", "e-2")

    with pytest.raises(RuntimeError):
        handle_badly(Consumer.from_url(redis_server.url, group=GROUP))

    with following(redis_server, claim_idle_ms=HOUR_MS) as successor:
        successor.wait_for("e-1", "e-2")


def handle_badly(consumer: Consumer) -> None:
    for _event in consumer:
        raise RuntimeError


def test_members_that_left_are_removed_from_the_group(redis_server: RedisServer, client: Redis) -> None:
    for each in ("e-1", "e-2", "e-3"):
        publish(client, each)
        with following(redis_server) as follower:
            follower.wait_for(each)

    assert client.xinfo_consumers(STREAM, GROUP) == []


@pytest.mark.rule("EVT-5")
def test_a_fixed_name_stays_in_the_group_because_a_successor_may_already_use_it(
    redis_server: RedisServer, client: Redis
) -> None:
    publish(client, "e-1")

    with following(redis_server, name="only") as follower:
        follower.wait_for("e-1")

    assert [each["name"] for each in client.xinfo_consumers(STREAM, GROUP)] == ["only"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_consumer(
    redis_server: RedisServer, client: Redis, number: signal.Signals
) -> None:
    publish(client, "e-1", "e-2")
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    seen = []

    try:
        for event in Consumer.from_url(redis_server.url, group=GROUP).stop_on_signals():
            seen.append(event.id)
            os.kill(os.getpid(), number)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])

    assert seen == ["e-1"]
    assert client.exists("seen:passes:e-1")


@pytest.mark.rule("EVT-5")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_consumer_continues_after_redis_was_down(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    with redis_server.client(decode_responses=True) as client:
        publish(client, "e-1")

    with following(redis_server) as follower:
        follower.wait_for("e-1")
        {"stop": redis_server.stop, "kill": redis_server.kill}[end]()
        wait_until(lambda: "redis does not answer" in caplog.text, what="the error in the log")
        redis_server.start()
        with redis_server.client(decode_responses=True) as client:
            publish(client, "e-2")
            wait_until(lambda: "e-2" in follower.seen, what="the next event")

    assert follower.seen[-1] == "e-2"


def test_an_event_handled_while_redis_was_down_is_acknowledged_afterwards(
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with redis_server.client(decode_responses=True) as client:
        publish(client, "e-1")

    with following(redis_server) as follower:
        follower.gate.clear()
        wait_until(lambda: follower.seen, what="the event")
        redis_server.stop()
        follower.gate.set()
        wait_until(lambda: "redis does not answer" in caplog.text, what="the error in the log")
        redis_server.start()
        with redis_server.client(decode_responses=True) as client:
            wait_until(lambda: pending(client) == 0, what="the acknowledgement")

    assert follower.seen == ["e-1"]


def test_a_wiped_redis_is_read_from_its_start(redis_server: RedisServer, client: Redis) -> None:
    publish(client, "e-1")

    with following(redis_server) as follower:
        follower.wait_for("e-1")
        redis_server.wipe()
        publish(client, "e-2")
        follower.wait_for("e-1", "e-2")


def test_a_consumer_stops_while_redis_is_down(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.stop()

    with following(redis_server) as follower:
        wait_until(lambda: "redis does not answer" in caplog.text, what="the error in the log")

    assert follower.seen == []


def test_logs_of_connection_errors_do_not_contain_the_url(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    redis_server.stop()

    with following(redis_server):
        wait_until(lambda: "redis does not answer" in caplog.text, what="the error in the log")

    assert str(redis_server.port) not in caplog.text


@pytest.mark.rule("SEC-10")
def test_a_consumers_acl_suffices_and_forbids_writing_events(start_redis: object) -> None:
    assert callable(start_redis)
    server: RedisServer = start_redis(
        users={
            "relay": f">relay ~{STREAM} +xadd",
            "passes": f">passes resetchannels -@all {roles()['consumer']}",
        },
    )
    with Redis.from_url(server.url_for("relay", "relay")) as relay:
        relay.xadd(STREAM, fields_of(an_event()))

    event = first_of(Consumer.from_url(server.url_for("passes", "passes"), group=GROUP))

    assert event == an_event()
    with Redis.from_url(server.url_for("passes", "passes")) as passes, pytest.raises(NoPermissionError):
        passes.xadd(STREAM, fields_of(an_event()))

"""A member of a group reads, claims and releases entries, on a real Redis, with RESP2 and RESP3, decoded or not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from port_events.consumer_group import Group, member_name
from redis import Redis

from tests.support.harness.polling import wait_until
from tests.support.servers.redis import RedisServer

STREAM = "identity.events"
CLIENTS: list[dict[str, Any]] = [
    {"decode_responses": decode, "protocol": protocol, "legacy_responses": legacy}
    for decode in (False, True)
    for protocol in (2, 3)
    for legacy in (False, True)
]


@pytest.fixture(params=CLIENTS, ids=str)
def client(request: pytest.FixtureRequest, redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(**request.param) as client:
        yield client


@pytest.fixture
def plain(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client(decode_responses=True) as client:
        yield client


def member(client: Redis, name: str = "a") -> Group:
    group = Group(client, STREAM, "passes", name)
    group.create()
    return group


def add(client: Redis, count: int = 1) -> list[str]:
    ids = [client.xadd(STREAM, {"n": str(number)}) for number in range(count)]
    return [entry_id if isinstance(entry_id, str) else entry_id.decode() for entry_id in ids]


def ids_of(entries: list[Any]) -> list[str]:
    return [entry_id for entry_id, _ in entries]


def test_new_entries_are_read_and_acknowledged_with_any_client(client: Redis) -> None:
    group = member(client)
    ids = add(client, 3)

    read = group.read(2, 0)

    assert ids_of(read) == ids[:2]
    assert group.pending() == 2
    assert group.ack(*ids[:2]) == 2
    assert group.pending() == 0
    assert ids_of(group.read(10, 0)) == ids[2:]
    assert group.read(10, 1) == []


def test_stale_entries_are_claimed_with_any_client(client: Redis) -> None:
    ids = add(client, 5)
    member(client, "dead").read(10, 0)
    group = member(client, "alive")

    assert group.claim_stale(3_600_000, 10) == []
    assert ids_of(group.claim_stale(0, 3)) == ids[:3]
    assert ids_of(group.claim_stale(0, 3)) == ids[3:]


def test_stale_entries_are_found_anywhere_in_the_pending_list(plain: Redis) -> None:
    # XAUTOCLAIM scans ten times COUNT entries, so fresh entries can hide stale ones behind them.
    ids = add(plain, 60)
    member(plain, "dead").read(len(ids), 0)
    group = member(plain, "alive")

    def hold(stale: list[str]) -> None:
        for each, idle in ((ids, 0), (stale, 60_000)):
            plain.xclaim(STREAM, "passes", "dead", 0, each, idle=idle, justid=True)  # type: ignore[arg-type]  # invariant list

    hold(ids[40:41])
    at_the_end = group.claim_next(30_000, 2)
    hold(ids[40:41] + ids[50:51])
    in_the_middle = group.claim_next(30_000, 1)
    hold(ids[:1])

    assert (ids_of(at_the_end), ids_of(in_the_middle)) == (ids[40:41], ids[40:41])
    assert ids_of(group.claim_next(30_000, 1)) == ids[:1]
    assert group.claim_next(30_000, 1) == []


def test_an_entry_can_be_fetched_until_the_stream_drops_it(client: Redis) -> None:
    group = member(client)
    (entry_id,) = add(client)

    fields = group.fetch(entry_id)
    client.xdel(STREAM, entry_id)

    assert fields in ({"n": "0"}, {b"n": b"0"})
    assert group.fetch(entry_id) is None


def test_creating_an_existing_group_changes_nothing(plain: Redis) -> None:
    group = member(plain)
    ids = add(plain)
    group.read(1, 0)

    member(plain, "b")

    assert group.read(1, 0) == []
    assert group.ack(*ids) == 1


def test_a_group_starts_at_the_given_entry(plain: Redis) -> None:
    add(plain)
    group = Group(plain, STREAM, "late", "a")
    group.create("$")
    new = add(plain)

    assert ids_of(group.read(10, 0)) == new


def test_trimmed_entries_are_not_claimed(plain: Redis) -> None:
    ids = add(plain, 2)
    member(plain, "dead").read(10, 0)
    plain.xdel(STREAM, ids[0])

    assert ids_of(member(plain).claim_stale(0, 10)) == ids[1:]


@pytest.mark.parametrize("call", ["read", "claim_stale"])
def test_the_group_is_created_again_in_a_wiped_redis(
    redis_server: RedisServer,
    plain: Redis,
    call: str,
) -> None:
    group = member(plain)
    redis_server.wipe()
    ids = add(plain, 2)

    found = group.read(10, 0) if call == "read" else group.claim_stale(0, 10)

    assert ids_of(found or group.read(10, 0)) == ids


@pytest.mark.rule("EVT-5")
def test_a_member_that_leaves_releases_its_pending_entries(plain: Redis) -> None:
    ids = add(plain, 3)
    leaving = member(plain, "leaving")
    leaving.read(10, 0)
    leaving.ack(ids[0])

    leaving.leave(*ids[1:])

    assert ids_of(member(plain, "peer").claim_stale(3_600_000, 10)) == ids[1:]
    assert "leaving" not in [each["name"] for each in plain.xinfo_consumers(STREAM, "passes")]


def test_a_member_with_pending_entries_is_not_deleted(plain: Redis) -> None:
    ids = add(plain, 2)
    leaving = member(plain, "leaving")
    leaving.read(10, 0)

    leaving.leave(ids[0])

    assert leaving.pending() == 2
    assert "leaving" in [each["name"] for each in plain.xinfo_consumers(STREAM, "passes")]


def test_a_read_blocks_for_less_than_the_clients_timeout(redis_server: RedisServer) -> None:
    with redis_server.client(socket_timeout=0.6, retry=None) as impatient:
        assert member(impatient).read(10, 60_000) == []


def test_a_blocking_read_returns_when_an_entry_arrives(redis_server: RedisServer, plain: Redis) -> None:
    with redis_server.client(socket_timeout=None) as patient, ThreadPoolExecutor(1) as pool:
        group = member(patient)
        waiting = pool.submit(group.read, 10, 30_000)
        wait_until(lambda: plain.info("clients")["blocked_clients"] == 1, what="the read to wait")
        ids = add(plain)

        assert ids_of(waiting.result(timeout=5)) == ids


def test_member_names_are_unique() -> None:
    assert len({member_name() for _ in range(100)}) == 100

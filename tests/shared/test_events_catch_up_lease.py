"""Only one member of a group holds a lease at a time."""

from collections.abc import Iterator

import pytest
from port_events._consumer.catch_up_lease import Lease
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.support.servers.redis import RedisServer

KEY = "seen:passes:catching_up"
LEASE_MS = 60_000


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client() as client:
        yield client


def lease(client: Redis, name: str) -> Lease:
    return Lease(client, KEY, name, LEASE_MS)


@pytest.mark.rule("EVT-6")
def test_one_member_holds_the_lease_until_it_releases_it(client: Redis) -> None:
    one, other = lease(client, "one"), lease(client, "other")

    had = one.acquire(), other.acquire(), one.acquire()
    one.release()

    assert had == (True, False, True)
    assert other.acquire()
    assert not one.acquire()


@pytest.mark.rule("EVT-6")
def test_a_lease_that_could_not_be_renewed_is_lost(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = lease(client, "one"), lease(client, "other")
    one.acquire()
    monkeypatch.setattr(one, "_acquired_at", one._acquired_at - LEASE_MS / 1000)  # noqa: SLF001 - simulates that this time has passed

    def away(*_arguments: object, **_named: object) -> None:
        raise RedisConnectionError

    with monkeypatch.context() as outage:
        outage.setattr(client, "pipeline", away)
        with pytest.raises(RedisConnectionError):
            one.renew()
    client.delete(KEY)  # the lease has expired

    assert other.acquire()
    assert not one.renew()

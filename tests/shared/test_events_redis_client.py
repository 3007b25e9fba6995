"""Redis clients: accepted URLs, and connections that leave a server."""

from collections.abc import Iterator

import pytest
from port_events.redis_client import UnableServer, check_redis_url, connect, generation
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import WatchError
from redis.retry import Retry

from tests.support.servers.redis import RedisServer


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with connect(redis_server.url, retry=Retry(NoBackoff(), 1)) as client:
        yield client


def of_one_connection(client: Redis) -> Redis:
    return Redis(connection_pool=client.connection_pool, single_connection_client=True)


@pytest.mark.rule("OPS-5", "OPS-7")
@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://a.internal/events",
        "redis+sentinel://user:secret%2F@a.internal:26379,b.internal,[::1]:26380/events/1?socket_timeout=3",
        "rediss+sentinel://a.internal/events/0?ssl_ca_certs=/ca.pem&sentinel_username=u&sentinel_password=p",
    ],
)
def test_a_url_may_name_sentinels(url: str) -> None:
    check_redis_url(url)


@pytest.mark.rule("OPS-5")
@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://secret@a.internal",
        "redis+sentinel:///secret",
        "redis+sentinel://a.internal:secret/events",
        "redis+sentinel://a.internal,,b.internal/events",
        "redis+sentinel://a.internal/events/secret",
        "redis+sentinel://a.internal/events/0?secret=1",
        "rediss+sentinel://a.internal/events/0?ssl_secret=1",
        "redis+sentinel://a.internal/events/0?sentinel_secret=1",
    ],
)
def test_a_malformed_url_of_sentinels_is_refused_without_printing_it(url: str) -> None:
    with pytest.raises(ValueError, match="must be an address") as refused:
        check_redis_url(url)

    assert "secret" not in str(refused.value)


def test_a_client_of_sentinels_refuses_an_unknown_tls_option() -> None:
    with pytest.raises(ValueError, match="ssl_"):
        connect("rediss+sentinel://a.internal/events/0?ssl_secret=1")


@pytest.mark.rule("OPS-7")
def test_when_one_connection_reconnects_the_others_of_its_client_do_too(
    client: Redis, redis_server: RedisServer
) -> None:
    with of_one_connection(client) as one, of_one_connection(client) as other:
        before = one.client_id(), other.client_id()
        with redis_server.client() as administrator:
            administrator.client_kill_filter(_id=before[0])
        one.ping()

        assert generation(client) == 1
        assert other.client_id() != before[1]
        assert generation(client) == 1


@pytest.mark.rule("OPS-7")
def test_a_transaction_notices_that_its_connection_leaves_the_server(
    client: Redis, redis_server: RedisServer
) -> None:
    with client.pipeline() as transaction, of_one_connection(client) as other:
        transaction.watch("key")  # type: ignore[no-untyped-call]  # redis-py lacks the type
        transaction.multi()
        transaction.set("key", 1)
        with redis_server.client() as administrator:
            administrator.client_kill_filter(_id=other.client_id())
        other.ping()

        with pytest.raises((WatchError, UnableServer)):
            transaction.execute()

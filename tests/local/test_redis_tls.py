"""Relay, mailer and consumers connect to a TLS-only Redis by its URL, and refuse an untrusted certificate (SEC-10)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from identity.adapters.redis_stream import RedisStream
from mailer.adapters.redis.connection import ThreadConnections, connect
from port_events.consumer import Consumer

from deploy.redis.acl import roles
from tests.shared.builders import an_event, fields_of
from tests.support.servers.certificates import self_signed
from tests.support.servers.optional_programs import DEBIAN_REDIS
from tests.support.servers.tls_redis import TlsRedisServer

STREAM = "identity.events"


@pytest.fixture
def tls_redis(tmp_path: Path) -> Iterator[TlsRedisServer]:
    users = {name: f">{name}-password resetchannels -@all {rules}" for name, rules in roles().items()}
    server = TlsRedisServer(DEBIAN_REDIS.require(), self_signed(tmp_path), users=users)
    try:
        server.start()
        yield server
    finally:
        server.destroy()


@pytest.mark.rule("SEC-10")
def test_the_relay_and_a_consumer_work_over_tls(tls_redis: TlsRedisServer) -> None:
    with redis.Redis.from_url(tls_redis.url_for("relay", "relay-password")) as relay:
        relay.xadd(STREAM, fields_of(an_event(id="e-1")))
        consumer = Consumer.from_url(tls_redis.url_for("consumer", "consumer-password"), group="billing")

        assert next(iter(consumer)) == an_event(id="e-1")
        assert RedisStream(relay, STREAM).checkpoint("1") is not None


@pytest.mark.rule("SEC-10")
def test_the_mailer_works_over_tls_on_each_of_its_connections(tls_redis: TlsRedisServer) -> None:
    url = tls_redis.url_for("mailer", "mailer-password")
    with connect(url) as client:
        connections = ThreadConnections(client)
        client.hset("mailer:ledger:1", "state", "sent")

        assert connections.current().hget("mailer:ledger:1", "state") == b"sent"
    connections.close()


@pytest.mark.rule("SEC-10")
@pytest.mark.parametrize("opens", [redis.Redis.from_url, connect])
def test_an_untrusted_certificate_is_refused(
    tls_redis: TlsRedisServer, opens: Callable[[str], redis.Redis]
) -> None:
    with (
        opens(tls_redis.untrusted_url_for("mailer", "mailer-password")) as client,
        pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.ping()

"""A mailer that no longer runs is removed from the group, and an idle mailer stays, on Valkey and Redis 7.0."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from port_events.envelope import MAIL_STREAM
from redis import Redis

from mailer.adapters.redis.heartbeats import HEARTBEATS
from mailer.adapters.redis.stream import GROUP, MailStream
from tests.support.harness.polling import wait_until
from tests.support.servers.optional_programs import DEBIAN_REDIS
from tests.support.servers.redis import RedisServer

SILENCE_MS = 300


@pytest.fixture(params=["valkey", "redis-7.0"])
def client(request: pytest.FixtureRequest, start_redis: Callable[..., RedisServer]) -> Iterator[Redis]:
    program = DEBIAN_REDIS.require() if request.param == "redis-7.0" else None
    with start_redis(program=program).client() as client:
        yield client


def member(client: Redis, name: str) -> MailStream:
    """Return a mailer that has read an entry, and therefore is a member of the group."""
    stream = MailStream(client, name=name)
    stream.open()
    client.xadd(MAIL_STREAM, {"ce": "cannot be read"})
    stream.read(1, 1)  # acknowledges the unreadable entry
    stream.touch([])
    return stream


def server_ms(client: Redis) -> float:
    seconds, microseconds = client.time()
    return float(seconds * 1000 + microseconds / 1000)


def pass_time(client: Redis, live: MailStream) -> None:
    """Let the live mailer read entries and send heartbeats for longer than a mailer may be silent."""
    until = server_ms(client) + 2 * SILENCE_MS

    def is_over() -> bool:
        live.read(1, 1)
        live.touch([])
        return server_ms(client) > until

    wait_until(is_over, what="the silence of the others")


def names(client: Redis) -> set[str]:
    found: Any = client.xinfo_consumers(MAIL_STREAM, GROUP)
    return {each["name"].decode() for each in found}


@pytest.mark.rule("MAIL-7")
def test_an_idle_mailer_is_not_removed(client: Redis) -> None:
    idle = member(client, "idle")
    member(client, "gone")

    pass_time(client, idle)

    assert idle.heartbeats.remove_gone_members(SILENCE_MS) == ["gone"]
    assert names(client) == {"idle"}
    assert client.zrange(HEARTBEATS, 0, -1) == [b"idle"]


@pytest.mark.rule("MAIL-7")
def test_a_gone_mailer_stays_in_the_group_while_an_entry_is_pending(client: Redis) -> None:
    live = member(client, "live")
    client.xadd(MAIL_STREAM, {"ce": "cannot be read"})
    client.xreadgroup(GROUP, "gone", {MAIL_STREAM: ">"})

    pass_time(client, live)

    assert live.heartbeats.remove_gone_members(SILENCE_MS) == []
    assert client.xpending(MAIL_STREAM, GROUP)["pending"] == 1

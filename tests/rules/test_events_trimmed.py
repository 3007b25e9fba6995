"""The stream is trimmed by age but keeps entries that the mailer has not handled (EVT-6, MAIL-7)."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from port_events.envelope import STREAM
from port_runtime.settings import load

from tests.support.harness.system import System
from tests.support.servers.redis import RedisServer

Client = Any  # redis-py's types combine sync and async answers
DAY_MS = 86_400_000


@pytest.fixture
def redis(start_redis: Callable[[], RedisServer]) -> Iterator[Client]:
    """A client of a Redis that no mailer reads."""
    with start_redis().client() as client:
        yield client


@pytest.fixture
def relay(system: System, redis: Client) -> Iterator[Relay]:
    """The installation's relay on that Redis."""
    port = redis.connection_pool.connection_kwargs["port"]
    settings = load(RelaySettings, {**system.environment, "REDIS_URL": f"redis://127.0.0.1:{port}/0"})
    with contextlib.closing(Relay(settings, clock=system.clock)) as relay:
        yield relay


def _grow_old(redis: Client, *, days: float) -> list[bytes]:
    """Give every entry the id it would have if published that long ago; return the ids."""
    entries = redis.xrange(STREAM)
    redis.delete(STREAM)
    then = int(time.time() * 1000 - days * DAY_MS)
    return [redis.xadd(STREAM, fields, id=f"{then}-{n}") for n, (_, fields) in enumerate(entries)]


def _left(redis: Client) -> list[bytes]:
    return [entry_id for entry_id, _ in redis.xrange(STREAM)]


@pytest.mark.rule("EVT-6")
def test_entries_older_than_the_retention_are_trimmed_and_younger_ones_stay(
    system: System, relay: Relay, redis: Client
) -> None:
    system.register()
    relay.step()
    _grow_old(redis, days=7.1)
    system.register()
    relay.step()
    redis.xgroup_create(STREAM, "mailer", id="$")

    trimmed = relay.trim()

    assert (trimmed, redis.xlen(STREAM)) == (2, 2)


@pytest.mark.rule("EVT-6", "MAIL-7")
def test_entries_not_yet_delivered_to_the_mailer_stay_whatever_their_age(
    system: System, relay: Relay, redis: Client
) -> None:
    system.register()
    relay.step()
    ids = _grow_old(redis, days=30)
    redis.xgroup_create(STREAM, "mailer", id="0")

    trimmed = relay.trim()

    assert (trimmed, _left(redis)) == (0, ids)


@pytest.mark.rule("EVT-6", "MAIL-7")
def test_unacknowledged_entries_stay_and_earlier_ones_are_trimmed(
    system: System, relay: Relay, redis: Client
) -> None:
    for _ in range(2):
        system.register()
    relay.step()
    ids = _grow_old(redis, days=30)
    redis.xgroup_create(STREAM, "mailer", id="0")
    redis.xreadgroup("mailer", "one", {STREAM: ">"})
    redis.xack(STREAM, "mailer", ids[0], ids[2], ids[3])

    trimmed = relay.trim()

    assert (trimmed, _left(redis)) == (1, ids[1:])


@pytest.mark.rule("EVT-6", "MAIL-7")
def test_before_the_mailers_group_exists_sealed_entries_stay(
    system: System, relay: Relay, redis: Client
) -> None:
    system.register()
    relay.step()
    ids = _grow_old(redis, days=30)  # the registration, then the mail request with its sealed part
    redis.xgroup_create(STREAM, "billing", id="$")

    trimmed = relay.trim()

    assert (trimmed, _left(redis)) == (1, ids[1:])


@pytest.mark.rule("EVT-6")
def test_the_leading_relay_trims_about_once_a_minute(system: System, relay: Relay, redis: Client) -> None:
    system.register()
    relay.step()
    _grow_old(redis, days=30)
    redis.xgroup_create(STREAM, "mailer", id="$")

    relay.step()
    at_once = redis.xlen(STREAM)
    system.clock.advance(seconds=61)
    relay.step()

    assert (at_once, redis.xlen(STREAM)) == (2, 0)


@pytest.mark.rule("EVT-6")
def test_trimming_an_empty_stream_does_nothing(relay: Relay) -> None:
    assert relay.trim() == 0

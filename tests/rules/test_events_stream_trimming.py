"""The streams are trimmed by age, but mails that the mailer has not handled stay (EVT-6, EVT-7, MAIL-7)."""

import time
from typing import Any

import pytest
from identity.processes.relay import Relay
from port_events.envelope import MAIL_STREAM, STREAM

from tests.support.harness.system import System

Client = Any  # redis-py's types combine sync and async answers
DAY_MS = 86_400_000


def _grow_old(redis: Client, *, days: float) -> dict[str, list[bytes]]:
    """Replace the ids of all entries by ids from `days` earlier; return the new ids by stream."""
    return {stream: _shift(redis, stream, days) for stream in (STREAM, MAIL_STREAM)}


def _shift(redis: Client, stream: str, days: float) -> list[bytes]:
    entries = redis.xrange(stream)
    redis.delete(stream)
    then = int(time.time() * 1000 - days * DAY_MS)
    return [redis.xadd(stream, fields, id=f"{then}-{n}") for n, (_, fields) in enumerate(entries)]


def _left(redis: Client, stream: str) -> list[bytes]:
    return [entry_id for entry_id, _ in redis.xrange(stream)]


@pytest.mark.rule("EVT-6", "EVT-7")
def test_entries_are_trimmed_after_the_retention_and_not_before(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    system.register()
    lone_relay.step()
    _grow_old(lone_redis, days=7.1)
    system.register()
    lone_relay.step()
    lone_redis.xgroup_create(MAIL_STREAM, "mailer", id="$")

    trimmed = lone_relay.trim()

    assert (trimmed, lone_redis.xlen(STREAM), lone_redis.xlen(MAIL_STREAM)) == (3, 2, 1)


@pytest.mark.rule("EVT-6", "EVT-7", "MAIL-7")
@pytest.mark.parametrize("has_group", [True, False])
def test_mails_not_yet_delivered_to_the_mailer_stay_at_any_age(
    system: System, lone_relay: Relay, lone_redis: Client, *, has_group: bool
) -> None:
    system.register()
    lone_relay.step()
    ids = _grow_old(lone_redis, days=30)
    lone_redis.xgroup_create(MAIL_STREAM, "mailer" if has_group else "another", id="0")

    trimmed = lone_relay.trim()

    assert (trimmed, _left(lone_redis, STREAM), _left(lone_redis, MAIL_STREAM)) == (2, [], ids[MAIL_STREAM])


@pytest.mark.rule("EVT-6", "EVT-7", "MAIL-7")
def test_unacknowledged_mails_stay_and_earlier_mails_are_trimmed(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    for _ in range(3):
        system.register()
    lone_relay.step()
    first, second, third = _grow_old(lone_redis, days=30)[MAIL_STREAM]
    lone_redis.xgroup_create(MAIL_STREAM, "mailer", id="0")
    lone_redis.xreadgroup("mailer", "one", {MAIL_STREAM: ">"})
    lone_redis.xack(MAIL_STREAM, "mailer", first, third)

    lone_relay.trim()

    assert _left(lone_redis, MAIL_STREAM) == [second, third]


@pytest.mark.rule("EVT-7")
def test_a_lagging_consumer_does_not_prevent_trimming_of_the_event_stream(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    system.register()
    lone_relay.step()
    _grow_old(lone_redis, days=30)
    lone_redis.xgroup_create(STREAM, "mailer", id="0")  # any consumer may choose the mailer's group name

    lone_relay.trim()

    assert _left(lone_redis, STREAM) == []


@pytest.mark.rule("EVT-6")
def test_the_leading_relay_trims_about_once_a_minute(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    system.register()
    lone_relay.step()
    _grow_old(lone_redis, days=30)

    lone_relay.step()
    at_once = lone_redis.xlen(STREAM)
    system.clock.advance(seconds=61)
    lone_relay.step()

    assert (at_once, lone_redis.xlen(STREAM)) == (2, 0)


@pytest.mark.rule("EVT-6")
def test_trimming_an_empty_stream_does_nothing(lone_relay: Relay) -> None:
    assert lone_relay.trim() == 0

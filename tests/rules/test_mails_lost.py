"""A mail that is lost from the stream is shown as refused, and a new one can be requested (VER-6, MAIL-7)."""

from collections.abc import Callable
from typing import Any

import pytest
from identity.processes.relay import Relay
from port_events.envelope import MAIL_STREAM, RECEIPTS
from structlog.testing import capture_logs

from tests.support.actors.people import Person
from tests.support.browser.text_normalization import normalize, visible_text
from tests.support.harness.system import System

Client = Any  # redis-py's types combine sync and async answers


def _read(redis: Client) -> list[bytes]:
    """Read entries like the mailer; return their ids."""
    return [entry_id for entry_id, _ in redis.xreadgroup("mailer", "one", {MAIL_STREAM: ">"})[0][1]]


def _trim(redis: Client) -> None:
    redis.xtrim(MAIL_STREAM, maxlen=0, approximate=False)


def _trim_what_was_read(redis: Client) -> None:
    _read(redis)
    _trim(redis)


def _delete_each(redis: Client) -> None:
    redis.xdel(MAIL_STREAM, *(entry_id for entry_id, _ in redis.xrange(MAIL_STREAM)))


def _acknowledge(redis: Client) -> None:
    redis.xack(MAIL_STREAM, "mailer", *_read(redis))


def _skip(redis: Client) -> None:
    redis.xgroup_setid(MAIL_STREAM, "mailer", "$")


def _trim_without_a_group(redis: Client) -> None:
    redis.xgroup_destroy(MAIL_STREAM, "mailer")
    _trim(redis)


DAMAGES = (_trim, _trim_what_was_read, _delete_each, _acknowledge, _skip, _trim_without_a_group)


def _maintain(system: System, relay: Relay) -> None:
    system.clock.advance(seconds=61)
    relay.step()


def _mail(system: System, person: Person) -> tuple[str, str | None]:
    visitor = system.visitor()
    visitor.log_in(person)
    mail = visitor.get("/session").json()["verification_mail"]
    return mail["state"], mail["category"]


@pytest.mark.rule("VER-6", "MAIL-7")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_mail_is_shown_as_refused_and_a_new_mail_may_be_requested(
    system: System, lone_relay: Relay, lone_redis: Client, damage: Callable[[Client], None]
) -> None:
    person = system.register()
    lone_relay.step()
    lone_redis.xgroup_create(MAIL_STREAM, "mailer", id="0")
    damage(lone_redis)

    with capture_logs() as logs:
        _maintain(system, lone_relay)

    assert _mail(system, person) == ("refused", "lost")
    assert [(line["log_level"], line["mails"]) for line in logs if "lost" in line["event"]] == [("error", 1)]
    visitor = system.visitor()
    visitor.log_in(person)
    page = visitor.http.get("/verification", headers={"Authorization": f"Bearer {visitor.token}"})
    assert normalize("郵件在系統處理過程中遺失") in visible_text(page.text)
    assert visitor.post("/email-verifications").status_code == 202
    assert _mail(system, person) == ("waiting", None)


@pytest.mark.rule("VER-6")
def test_only_a_mail_missing_from_the_stream_counts_as_lost(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    people = [system.register() for _ in range(3)]
    lone_relay.step()
    lone_redis.xgroup_create(MAIL_STREAM, "mailer", id="0")
    ids = _read(lone_redis)
    lone_redis.xdel(MAIL_STREAM, ids[0])

    _maintain(system, lone_relay)

    assert [_mail(system, person)[0] for person in people] == ["refused", "waiting", "waiting"]


@pytest.mark.rule("VER-6")
def test_a_mail_whose_receipt_is_not_recorded_yet_does_not_count_as_lost(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    person = system.register()
    lone_relay.step()
    lone_redis.xgroup_create(MAIL_STREAM, "mailer", id="0")
    _acknowledge(lone_redis)
    (event_id,) = system.rows("SELECT event_id FROM outbox WHERE mail_state = 'waiting'")[0]
    sent = {"event_id": event_id, "state": "sent", "at": "2026-01-05T00:00:00Z", "category": ""}
    lone_redis.xadd(RECEIPTS, sent)

    _maintain(system, lone_relay)
    before = _mail(system, person)
    lone_relay.receive()
    _maintain(system, lone_relay)

    assert (before[0], _mail(system, person)[0]) == ("waiting", "sent")


@pytest.mark.rule("VER-6")
def test_a_lost_mail_that_a_mailer_had_in_memory_may_still_be_sent(
    system: System, lone_relay: Relay, lone_redis: Client
) -> None:
    person = system.register()
    lone_relay.step()
    (event_id,) = system.rows("SELECT event_id FROM outbox WHERE mail_state = 'waiting'")[0]
    _trim(lone_redis)
    _maintain(system, lone_relay)
    lost = _mail(system, person)

    lone_redis.xadd(RECEIPTS, {"event_id": event_id, "state": "sent", "at": "2026-01-05T00:00:00Z"})
    lone_relay.receive()

    assert (lost[1], _mail(system, person)[0]) == ("lost", "sent")

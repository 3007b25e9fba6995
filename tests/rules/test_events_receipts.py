"""The recorded state of a mail never returns to an earlier state (VER-6, SEC-10)."""

from datetime import UTC, datetime

import pytest
from identity.adapters.redis_stream import RedisStream
from port_events.envelope import RECEIPTS, STREAM

from tests.support.harness.system import System


def _report(system: System, event_id: str, *states: str) -> None:
    """Write receipts like the mailer, and let the relay record them."""
    with system.redis.client() as client:
        for state in states:
            fields = {
                "event_id": event_id,
                "state": state,
                "at": datetime.now(UTC).isoformat(),
                "category": "",
            }
            client.xadd(RECEIPTS, fields)
    while system.relay.receive():  # also receipts left by other tests
        pass


@pytest.mark.rule("VER-6", "SEC-10", "MAIL-5")
@pytest.mark.parametrize(
    ("states", "recorded"),
    [
        (("refused", "sent"), "sent"),  # an operator retried the mail
        (("expired", "sent"), "sent"),
        (("sent", "refused"), "sent"),
        (("sent", "expired"), "sent"),
        (("refused", "expired"), "refused"),
        (("sent", "waiting"), "sent"),
        (("made-up",), "waiting"),
    ],
)
def test_receipts_never_return_a_mail_to_an_earlier_state(
    system: System, states: tuple[str, ...], recorded: str
) -> None:
    system.register()
    (event_id,) = system.rows("SELECT event_id FROM outbox WHERE mail_state = 'waiting'")[0]

    _report(system, event_id, *states)

    assert system.rows("SELECT mail_state FROM outbox WHERE event_id = :id", id=event_id) == [(recorded,)]


@pytest.mark.rule("VER-6", "SEC-9")
def test_a_receipt_read_but_not_recorded_by_another_relay_is_taken_over(system: System) -> None:
    with system.redis.client() as client:
        ours, dead = RedisStream(client, STREAM), RedisStream(client, STREAM)
        for _ in range(2):
            ours.receipts(block_ms=0)
        client.xadd(RECEIPTS, {"event_id": "e-1", "state": "sent", "at": "2026-01-05T00:00:00Z"})
        dead.receipts(block_ms=0)  # the relay is killed here

        (left,) = ours.receipts(block_ms=0)

    assert left[1].event_id == "e-1"

"""What becomes of a mail is noted once and only forward (VER-6, SEC-10)."""

from datetime import UTC, datetime

import pytest
from port_events.envelope import RECEIPTS

from tests.support.system import System


def _report(system: System, event_id: str, *states: str) -> None:
    """Write receipts as the mailer does, and let the relay note them."""
    with system.redis.client() as client:
        for state in states:
            fields = {
                "event_id": event_id,
                "state": state,
                "at": datetime.now(UTC).isoformat(),
                "category": "",
            }
            client.xadd(RECEIPTS, fields)
    system.relay.note(block_ms=200)


@pytest.mark.rule("VER-6", "SEC-10", "MAIL-5")
@pytest.mark.parametrize(
    ("states", "noted"),
    [
        (("refused", "sent"), "sent"),  # an operator had it tried again
        (("expired", "sent"), "sent"),
        (("sent", "refused"), "sent"),
        (("sent", "expired"), "sent"),
        (("refused", "expired"), "refused"),
        (("sent", "waiting"), "sent"),
        (("made-up",), "waiting"),
    ],
)
def test_receipts_move_a_mail_forward_only(system: System, states: tuple[str, ...], noted: str) -> None:
    system.register()
    (event_id,) = system.rows("SELECT event_id FROM outbox WHERE mail_state = 'waiting'")[0]

    _report(system, event_id, *states)

    assert system.rows("SELECT mail_state FROM outbox WHERE event_id = :id", id=event_id) == [(noted,)]

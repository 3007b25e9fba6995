"""What a mailer has in hand, between its threads."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.in_flight import InFlight

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.rule("MAIL-5")
def test_what_is_put_off_for_a_reason_that_went_meanwhile_is_due_at_once() -> None:
    desk = InFlight(max_queued=8)
    for entry_id in ("1-0", "2-0"):
        desk.defer(entry_id, NOW)
        desk.start(entry_id)

    desk.defer("1-0", NOW + timedelta(hours=24))
    woken = desk.release_all()  # the queue goes on
    desk.defer("2-0", NOW + timedelta(hours=24))  # which was told that it is paused

    assert woken == ["1-0"]
    assert desk.overdue(NOW, queued_before=1) == ["2-0"]


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_what_is_due_much_later_does_not_keep_the_rest_out() -> None:
    desk = InFlight(max_queued=8)
    desk.defer("1-0", NOW + timedelta(minutes=5))

    assert not desk.is_waiting(NOW + timedelta(minutes=4))
    assert desk.is_waiting(NOW + timedelta(minutes=5))

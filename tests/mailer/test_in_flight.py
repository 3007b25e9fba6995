"""Waiting entries of one mailer: when they are due, and their release."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.in_flight import InFlight

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.rule("MAIL-5")
def test_an_entry_deferred_after_release_all_is_due_immediately() -> None:
    in_flight = InFlight(max_queued=8)
    for entry_id in ("1-0", "2-0"):
        in_flight.defer(entry_id, NOW)
        in_flight.start(entry_id)

    in_flight.defer("1-0", NOW + timedelta(hours=24))
    released = in_flight.release_all()
    in_flight.defer("2-0", NOW + timedelta(hours=24))

    assert released == ["1-0"]
    assert in_flight.overdue(NOW, queued_before=1) == ["2-0"]


@pytest.mark.rule("MAIL-5", "MAIL-7")
def test_is_waiting_ignores_entries_that_are_due_later() -> None:
    in_flight = InFlight(max_queued=8)
    in_flight.defer("1-0", NOW + timedelta(minutes=5))

    assert not in_flight.is_waiting(NOW + timedelta(minutes=4))
    assert in_flight.is_waiting(NOW + timedelta(minutes=5))

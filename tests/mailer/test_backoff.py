"""Backoffs grow to at most five minutes, and jitter only shortens them."""

import itertools

import pytest

from mailer.domain.backoff import BACKOFFS, MAX_SECONDS, Backoff, backoff_seconds
from mailer.domain.smtp_replies import RULES

each_row = pytest.mark.parametrize("waits", BACKOFFS.values(), ids=BACKOFFS.keys())


@pytest.mark.rule("MAIL-5")
@each_row
def test_backoff_grows_to_at_most_five_minutes(waits: Backoff) -> None:
    seconds = [waits.after(failures, fraction=0) for failures in range(1, 50)]

    assert all(earlier <= later for earlier, later in itertools.pairwise(seconds))
    assert seconds[0] > 0
    assert max(seconds) <= MAX_SECONDS == 300


@pytest.mark.rule("MAIL-5")
@each_row
def test_jitter_spreads_backoff_and_never_lengthens_it(waits: Backoff) -> None:
    fixed = waits.after(5, fraction=0)

    assert waits.after(5, fraction=1) == pytest.approx(fixed * (1 - waits.jitter))
    assert 0 <= waits.jitter < 1


@pytest.mark.rule("MAIL-5")
def test_every_temporary_refusal_has_its_own_backoff() -> None:
    temporary = {rule.category for rule in RULES if not rule.permanent}

    assert temporary <= BACKOFFS.keys()


@pytest.mark.rule("MAIL-5")
def test_a_full_mailbox_is_not_retried_within_seconds() -> None:
    assert backoff_seconds("mailbox_full", 1, fraction=0) == 60
    assert backoff_seconds("temporarily_refused", 1, fraction=0) == 5
    assert backoff_seconds("anything new", 1, fraction=0) == 5

"""The one table of waits: they grow, none is long, and chance only shortens them."""

import itertools

import pytest

from mailer.domain.attempt import RULES
from mailer.domain.waits import LONGEST_SECONDS, WAITS, Waits, wait_seconds

each_row = pytest.mark.parametrize("waits", WAITS.values(), ids=WAITS.keys())


@pytest.mark.rule("MAIL-5")
@each_row
def test_waits_grow_and_none_is_longer_than_five_minutes(waits: Waits) -> None:
    seconds = [waits.after(failures, chance=0) for failures in range(1, 50)]

    assert all(earlier <= later for earlier, later in itertools.pairwise(seconds))
    assert seconds[0] > 0
    assert max(seconds) <= LONGEST_SECONDS == 300


@pytest.mark.rule("MAIL-5")
@each_row
def test_chance_spreads_the_waits_but_never_lengthens_them(waits: Waits) -> None:
    fixed = waits.after(5, chance=0)

    assert waits.after(5, chance=1) == pytest.approx(fixed * (1 - waits.jitter))
    assert 0 <= waits.jitter < 1


@pytest.mark.rule("MAIL-5")
def test_every_temporary_refusal_has_a_row_of_its_own() -> None:
    temporary = {rule.category for rule in RULES if not rule.permanent}

    assert temporary <= WAITS.keys()


@pytest.mark.rule("MAIL-5")
def test_a_full_mailbox_is_not_knocked_at_within_seconds() -> None:
    assert wait_seconds("mailbox_full", 1, chance=0) == 60
    assert wait_seconds("temporarily_refused", 1, chance=0) == 5
    assert wait_seconds("anything new", 1, chance=0) == 5

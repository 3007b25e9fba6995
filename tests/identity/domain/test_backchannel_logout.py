"""Verdicts on answers to a logout token, and the wait before the next attempt (OIDC-22)."""

import pytest
from identity.domain.backchannel_logout import verdict_on_status, wait_after


@pytest.mark.rule("OIDC-22")
@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        ("told", (200, 202, 204, 299)),
        ("retried", (100, 301, 302, 303, 307, 308, 408, 429, 500, 501, 503, 599)),
        ("set_aside", (400, 401, 403, 404, 405, 409, 410, 422, 499)),
    ],
)
def test_each_class_of_answers_has_its_verdict(verdict: str, statuses: tuple[int, ...]) -> None:
    assert {verdict_on_status(status) for status in statuses} == {verdict}


@pytest.mark.rule("OIDC-22")
def test_waits_are_between_one_second_and_five_minutes_with_jitter() -> None:
    spreads = (0.0, 0.5, 0.9999)
    first, cap = ([wait_after(tries, spread=each).total_seconds() for each in spreads] for tries in (1, 5000))

    assert first == pytest.approx([1.0, 1.125, 1.25], abs=0.01)
    assert cap == pytest.approx([240, 270, 300], abs=0.1)

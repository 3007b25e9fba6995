"""The wording of validities in mails (VER-1, MAIL-1)."""

from datetime import timedelta

import pytest

from mailer.adapters.mail_texts import format_validity


@pytest.mark.rule("VER-1", "MAIL-1")
@pytest.mark.parametrize(
    ("validity", "text"),
    [
        (timedelta(hours=24), "24 小時"),
        (timedelta(hours=24) - timedelta(microseconds=1), "24 小時"),
        (timedelta(hours=24) - timedelta(seconds=5), "24 小時"),
        (timedelta(hours=23, minutes=58), "23 小時"),
        (timedelta(hours=1) - timedelta(milliseconds=3), "1 小時"),
        (timedelta(minutes=59), "59 分鐘"),
        (timedelta(days=7) - timedelta(milliseconds=20), "7 天"),
    ],
)
def test_a_validity_is_shown_in_whole_units(validity: timedelta, text: str) -> None:
    assert format_validity(validity) == text

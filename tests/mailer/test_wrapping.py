"""Lines of plain text break by the rules of Chinese typesetting."""

import pytest
from port_runtime.terminal_tables import display_width

from mailer.domain.wrapping import COLUMNS, wrap_line


def test_chinese_characters_take_two_columns() -> None:
    assert display_width("港區 pass") == 9


def test_a_wide_line_breaks_within_the_columns() -> None:
    lines = wrap_line("港" * 100).split("\n")

    assert [display_width(line) for line in lines] == [COLUMNS, COLUMNS, 56]


def test_no_line_starts_with_a_closing_mark() -> None:
    wrapped = wrap_line("港" * 36 + "。" + "區" * 10)

    assert not any(line.startswith("。") for line in wrapped.split("\n"))


def test_a_link_stays_whole() -> None:
    link = "https://pass.example.tw/email/verify?token=" + "x" * 200

    assert link in wrap_line("請點擊" + link).split("\n")


@pytest.mark.parametrize("before", range(20, 36))
def test_a_masked_mailbox_stays_whole_wherever_the_line_ends(before: int) -> None:
    wrapped = wrap_line("港" * before + "n•••@example.com。" + "區" * 10)

    assert "n•••@example.com" in wrapped


def test_a_link_that_fills_its_line_is_not_followed_by_an_empty_one() -> None:
    link = "https://pass.example.tw/email/verify?token=" + "x" * 200

    assert wrap_line(link) == link

"""Plain text is broken by the rules of Chinese typesetting, and mail readers can undo the breaks (RFC 3676)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from port_runtime.terminal_tables import display_width

from mailer.domain.flowed_text import COLUMNS, flow_line
from tests.support.servers.format_flowed import unflowed

LINK = "https://pass.example.tw/email/verify?token=" + "x" * 200


def test_chinese_characters_take_two_columns() -> None:
    assert display_width("港區 pass") == 9


@pytest.mark.rule("MAIL-1")
@given(st.text(st.sampled_from("港。（「A1-> \u00e9"), max_size=200))
def test_unflowed_text_equals_the_original_line_without_trailing_spaces(line: str) -> None:
    assert unflowed(flow_line(line)) == (line if line == "-- " else line.rstrip(" "))


def test_a_wide_line_breaks_within_the_columns() -> None:
    lines = flow_line("港" * 100).split("\n")

    assert [display_width(line) for line in lines] == [COLUMNS - 1, COLUMNS - 1, 60]


def test_no_line_starts_with_a_closing_mark() -> None:
    flowed = flow_line("港" * 35 + "。" + "區" * 10)

    assert not any(line.startswith("。") for line in flowed.split("\n"))


def test_a_link_stays_whole() -> None:
    assert LINK in flow_line(f"請點擊{LINK}").split("\n")
    assert flow_line(LINK) == LINK


@pytest.mark.parametrize("before", range(20, 36))
def test_a_masked_mailbox_stays_whole_wherever_the_line_ends(before: int) -> None:
    flowed = flow_line("港" * before + "n***@example.com。" + "區" * 10)

    assert "n***@example.com" in flowed


@pytest.mark.parametrize("line", [" indented", "> not a quotation", "From here on"])
def test_a_line_with_a_special_meaning_in_the_format_is_space_stuffed(line: str) -> None:
    assert flow_line(line) == f" {line}"


def test_spaces_at_the_end_do_not_join_two_lines() -> None:
    assert flow_line("您好：  ") == "您好："
    assert flow_line("-- ") == "-- "

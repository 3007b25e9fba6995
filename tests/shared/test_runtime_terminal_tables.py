"""Tables for a terminal are aligned, even with Chinese text."""

from port_runtime.terminal_tables import display_width, table, truncate


def test_columns_are_aligned_by_the_display_width_of_their_text() -> None:
    lines = table(["ACCOUNT", "COMPANY", "KIND"], [["a1", "港都航運", "link"], ["account22", "-", "general"]])

    heads, first, second = lines.split("\n")
    assert heads.index("COMPANY") == second.index("-") == first.index("港")
    assert display_width(first[: first.index("link")]) == display_width(second[: second.index("general")])


def test_numbers_are_right_aligned_and_lines_have_no_trailing_blanks() -> None:
    assert table(["N", "NAME"], [["7", "a"], ["12345", "b"]], right=[0]) == "    N  NAME\n    7  a\n12345  b"
    assert table(["A", "B"], [["long", ""]]) == "A     B\nlong"


def test_a_table_without_rows_has_only_its_heading() -> None:
    assert table(["A", "B"], []) == "A  B"


def test_long_texts_are_truncated() -> None:
    assert [truncate("abcdef", most) for most in (5, 6)] == ["ab...", "abcdef"]

"""Tables for a terminal line up, with Chinese in them too."""

from port_runtime.tables import display_width, table, truncate


def test_columns_line_up_by_the_places_that_a_terminal_gives_to_each_character() -> None:
    lines = table(["ACCOUNT", "COMPANY", "KIND"], [["a1", "港都航運", "link"], ["account22", "-", "general"]])

    heads, first, second = lines.split("\n")
    assert heads.index("COMPANY") == second.index("-") == first.index("港")
    assert display_width(first[: first.index("link")]) == display_width(second[: second.index("general")])


def test_numbers_stand_at_the_right_and_no_line_ends_in_blanks() -> None:
    assert table(["N", "NAME"], [["7", "a"], ["12345", "b"]], right=[0]) == "    N  NAME\n    7  a\n12345  b"
    assert table(["A", "B"], [["long", ""]]) == "A     B\nlong"


def test_a_table_without_rows_is_its_heading() -> None:
    assert table(["A", "B"], []) == "A  B"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert [truncate("abcdef", most) for most in (5, 6)] == ["ab...", "abcdef"]

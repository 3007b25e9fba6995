"""Tables for a terminal: aligned columns, in which what is not ASCII, as Chinese is not, takes two places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST_ASCII: Final = "~"


def display_width(text: str) -> int:
    """Return how many columns of a terminal the text takes: what is not ASCII counts as wide."""
    return len(text) + sum(character > _LAST_ASCII for character in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return lines with aligned columns; those numbered in `right` are set to the right."""
    widths = [max(display_width(row[place]) for row in (head, *rows)) for place in range(len(head))]
    return "\n".join(_line(row, widths, right) for row in (head, *rows))


def truncate(text: str, limit: int) -> str:
    """Return the text in at most so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    cells = []
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        blank = " " * (width - display_width(cell))
        cells.append(blank + cell if place in right else cell + blank)
    return "  ".join(cells).rstrip()

"""Tables for a terminal, aligned by the width of their texts: a Chinese character is two columns wide.

The functions import wcwidth themselves: every process imports this module with the commands, but few print a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def display_width(text: str) -> int:
    from wcwidth import width

    return width(text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return the lines of a table; the columns with an index in `right` are aligned to the right."""
    lines = [head, *rows]
    widths = [max(display_width(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(_line(line, widths, right) for line in lines)


def truncate(text: str, limit: int) -> str:
    """Shorten a text to at most `limit` characters, not columns."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    from wcwidth import ljust, rjust

    aligned = (
        rjust(cell, width) if column in right else ljust(cell, width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(aligned).rstrip()

"""Plain text for a narrow terminal: Chinese takes two columns, lines break as typesetters do (MAIL-1)."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = 72
_LAST_ASCII: Final = "~"
# What may not begin a line, and what may not end one.
_NEVER_FIRST: Final = frozenset("，。、；：！？）」』】》…—")
_NEVER_LAST: Final = frozenset("（「『【《")


def wrap(text: str) -> str:
    """Break the lines that are too wide."""
    return "\n".join([wrap_line(line) for line in text.split("\n")])


def wrap_line(line: str) -> str:
    """Break one line at `COLUMNS`; what cannot be broken, such as a link, stays whole."""
    lines = []
    while len(line) * 2 > COLUMNS and (end := _fitting(line)) < len(line):
        cut = _cut(line, end)
        lines.append(line[:cut].rstrip())
        line = line[cut:].lstrip()
    return "\n".join([*lines, line] if line else lines)


def _fitting(line: str) -> int:
    """Return how many characters fit into the columns."""
    width = 0
    for position, character in enumerate(line):
        width += 2 if character > _LAST_ASCII else 1
        if width > COLUMNS:
            return position
    return len(line)


def _cut(line: str, end: int) -> int:
    """Return the last place before `end` where a line may break, else the first one behind it."""
    for position in range(end, 0, -1):
        if _may_break(line[position - 1], line[position]):
            return position
    for position in range(end + 1, len(line)):
        if _may_break(line[position - 1], line[position]):
            return position
    return len(line)


def _may_break(before: str, behind: str) -> bool:
    if behind in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    # Words of ASCII stay whole: links, codes, account names.
    return not (" " < before <= _LAST_ASCII and " " < behind <= _LAST_ASCII)

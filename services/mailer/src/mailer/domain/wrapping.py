"""Wraps plain text at 72 columns, where a Chinese character takes two (MAIL-1)."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = 72
_LAST_ASCII: Final = "~"
# Punctuation that may not start a line, and punctuation that may not end one.
_NEVER_FIRST: Final = frozenset("，。、；：！？）」』】》…—")
_NEVER_LAST: Final = frozenset("（「『【《")


def wrap(text: str) -> str:
    """Wrap all lines of a text."""
    return "\n".join([wrap_line(line) for line in text.split("\n")])


def wrap_line(line: str) -> str:
    """Wrap one line at COLUMNS; words that cannot be broken, such as links, stay whole."""
    lines = []
    while len(line) * 2 > COLUMNS and (end := _fitting(line)) < len(line):
        cut = _cut(line, end)
        lines.append(line[:cut].rstrip())
        line = line[cut:].lstrip()
    return "\n".join([*lines, line] if line else lines)


def _fitting(line: str) -> int:
    """Return how many characters fit into COLUMNS."""
    width = 0
    for position, character in enumerate(line):
        width += 2 if character > _LAST_ASCII else 1
        if width > COLUMNS:
            return position
    return len(line)


def _cut(line: str, end: int) -> int:
    """Return the last position before `end` where a line may break, or else the first one after it."""
    for position in range(end, 0, -1):
        if _may_break(line[position - 1], line[position]):
            return position
    for position in range(end + 1, len(line)):
        if _may_break(line[position - 1], line[position]):
            return position
    return len(line)


def _may_break(before: str, after: str) -> bool:
    if after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    return not (_is_in_word(before) and _is_in_word(after))


def _is_in_word(character: str) -> bool:
    """Whether it belongs to a word that stays whole: a link, a code, an account name, a masked mailbox (`s•••@…`)."""
    return " " < character <= _LAST_ASCII or character == "•"

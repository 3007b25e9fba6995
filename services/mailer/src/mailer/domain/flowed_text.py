"""Plain text in `format=flowed; delsp=yes` (RFC 3676): soft line breaks that a mail reader removes (MAIL-1).

A line has at most 72 columns, unless it is a word that cannot be broken; a Chinese character occupies two columns.
"""

from __future__ import annotations

from typing import Final

COLUMNS: Final = 72
SIGNATURE: Final = "-- "
_LAST_ASCII: Final = "~"
# Characters that may not start a line, and characters that may not end a line.
_NEVER_FIRST: Final = frozenset(" ，。、；：！？）」』】》…—")
_NEVER_LAST: Final = frozenset("（「『【《")
_STUFFED: Final = (" ", ">", "From ")


def flow_line(line: str) -> str:
    """Return one line of text with soft breaks; words that cannot be broken, such as links, stay whole.

    Trailing spaces are removed, because they would join it to the next line.
    """
    if line == SIGNATURE:
        return line
    line = line.rstrip(" ")
    lines = []
    while (end := _fitting(line)) < len(line) and (cut := _cut(line, end)) < len(line):
        lines.append(_stuffed(line[:cut]) + " ")
        line = line[cut:]
    return "\n".join([*lines, _stuffed(line)])


def _fitting(line: str) -> int:
    """Return the number of characters that fit on a line that ends with the space of a soft break."""
    if len(line) * 2 <= COLUMNS or (" " not in line and line.isascii()):
        return len(line)
    width = 1
    for position, character in enumerate(line):
        width += 2 if character > _LAST_ASCII else 1
        if width > COLUMNS:
            return position
    return len(line)


def _cut(line: str, end: int) -> int:
    """Return the last position up to `end` at which the line may break, else the first after it, else the length."""
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
    """Return whether the character belongs to an unbreakable word: a link, code, username or masked mailbox."""
    return " " < character <= _LAST_ASCII


def _stuffed(line: str) -> str:
    """Return the line, with a leading space where RFC 3676 section 4.4 requires one (space-stuffing)."""
    return f" {line}" if line.startswith(_STUFFED) else line

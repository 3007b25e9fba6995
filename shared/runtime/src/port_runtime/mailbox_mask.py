"""A mailbox as others may see it, the same on pages, in mails, in the API and in an operator's terminal (BIND-1)."""

from __future__ import annotations

from typing import Final

_MIN_CHARACTERS_FOR_BOTH: Final = 5


def masked_mailbox(mailbox: str) -> str:
    """Return for example `s***n@example.com`; of a short name only the first character, `w***@example.com`.

    With the last character, two mailboxes of one person at one domain usually differ.
    """
    local, _, domain = mailbox.rpartition("@")
    last = local[-1:] if len(local) >= _MIN_CHARACTERS_FOR_BOTH else ""
    return f"{local[:1]}***{last}@{domain}"

"""The masked form of a mailbox, the same on pages, in mails, in the API and in commands (BIND-1)."""

from __future__ import annotations

from typing import Final

_MIN_CHARACTERS_FOR_BOTH: Final = 5


def masked_mailbox(mailbox: str) -> str:
    """Return a masked mailbox such as `s***n@example.com`, or `w***@example.com` if the local part is short.

    The last character is shown because it usually distinguishes a person's mailboxes at the same domain.
    """
    local, _, domain = mailbox.rpartition("@")
    last = local[-1:] if len(local) >= _MIN_CHARACTERS_FOR_BOTH else ""
    return f"{local[:1]}***{last}@{domain}"

"""Likely typing errors in the domains of common mail providers (VER-8)."""

from difflib import get_close_matches
from typing import Final

_COMMON: Final = (
    "gmail.com", "yahoo.com.tw", "yahoo.com", "hotmail.com", "hotmail.com.tw", "outlook.com", "icloud.com", "msn.com",
    "live.com", "ms.hinet.net", "hinet.net", "seed.net.tw", "pchome.com.tw", "livemail.tw", "gmail.com.tw",
)  # fmt: skip
_UNUSED: Final = {"gmail.com.tw": "gmail.com"}
"""Domains that people type although nobody has a mailbox there."""
_OTHERS: Final = frozenset(
    {"mail.com", "email.com", "ymail.com", "gmx.com", "live.tw", "live.com.tw", "me.com"}
)
"""Providers of their own whose names are close to a common one."""
_SIMILARITY: Final = 0.85


def likely_mailbox(mailbox: str) -> str | None:
    """Return the mailbox that was probably meant, or None if the domain looks right."""
    local, _, domain = mailbox.rpartition("@")
    if domain in _OTHERS or (domain in _COMMON and domain not in _UNUSED):
        return None
    found = get_close_matches(domain, _COMMON, n=1, cutoff=_SIMILARITY)
    return f"{local}@{_UNUSED.get(found[0], found[0])}" if found else None

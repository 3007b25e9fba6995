"""Likely typing errors in the domains of common mail providers (VER-8)."""

from difflib import get_close_matches
from typing import Final

_COMMON: Final = (
    "gmail.com", "yahoo.com.tw", "yahoo.com", "hotmail.com", "hotmail.com.tw", "outlook.com", "icloud.com", "msn.com",
    "live.com", "ms.hinet.net", "hinet.net", "seed.net.tw", "pchome.com.tw", "livemail.tw", "gmail.com.tw",
)  # fmt: skip
_UNUSED: Final = {"gmail.com.tw": "gmail.com"}
"""Domains that people type although they have no mailboxes, with the intended domains."""
_OTHERS: Final = frozenset(
    {"mail.com", "email.com", "ymail.com", "gmx.com", "live.tw", "live.com.tw", "me.com"}
)
"""Domains of other providers that are similar to a common domain."""
_MISTYPED_LABELS: Final = {
    **dict.fromkeys(("con", "cmo", "ocm", "vom", "xom", "comm", "cim"), "com"),
    **dict.fromkeys(("nte", "ent", "nett"), "net"),
}
"""Mistyped labels at the end of a domain. Its first label is not corrected, because it may be such a word."""
_SIMILARITY: Final = 0.85


def likely_mailbox(mailbox: str) -> str | None:
    """Return the mailbox that was probably meant, or None if the domain looks right."""
    local, _, domain = mailbox.rpartition("@")
    likely = _likely_domain(domain)
    return f"{local}@{likely}" if likely != domain else None


def _likely_domain(domain: str) -> str:
    for known in (domain, ended := _with_real_ending(domain)):
        if known in _OTHERS or (known in _COMMON and known not in _UNUSED):
            return known
    found = get_close_matches(ended, _COMMON, n=1, cutoff=_SIMILARITY)
    return _UNUSED.get(found[0], found[0]) if found else ended


def _with_real_ending(domain: str) -> str:
    """Correct the last label, or the one before `tw`, so that a second error in the domain can be found."""
    labels = domain.split(".")
    ending = -2 if domain.endswith(".tw") else -1
    if len(labels) > -ending:
        labels[ending] = _MISTYPED_LABELS.get(labels[ending], labels[ending])
    return ".".join(labels)

"""Detection of web addresses in names: mail programs would turn them into links (REG-3, REG-4, SEC-9)."""

import functools
import re
from typing import TYPE_CHECKING

from identity.domain.characters import to_half_width

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_LINK = re.compile(r"[a-z][a-z0-9+.-]*://|(?<![a-z0-9])www\.|[a-z0-9]\.[a-z]{2,}[/:?#]|\S@\S")
"""The mailer refuses to send the first two alternatives."""
_OTHER_LETTER = "[\u00c0-\u1fff\u2c00-\u2fff\u3040-\U0010ffff]"
_DOT = re.compile(
    rf"(?P<word>(?<![a-z0-9-])[a-z0-9-]+|{_OTHER_LETTER})[.\u3002]"
    rf"(?=(?P<next>[a-z0-9-]+|{_OTHER_LETTER}+)(?P<end>[.,]?))"
)
_TITLES = frozenset({
    "capt", "dr", "eng", "fr", "hon", "jr", "messrs", "mr", "mrs", "ms", "mt", "no", "prof", "rev", "sr", "st",
})  # fmt: skip
_LEGAL_FORMS = frozenset({
    "bhd", "co", "corp", "gmbh", "inc", "intl", "llc", "ltd", "mfg", "pte", "pty", "pvt", "sdn",
})  # fmt: skip
_COMMON_SUFFIXES = frozenset({
    "app", "biz", "cc", "click", "club", "cn", "co", "com", "hk", "info", "io", "link", "me", "net", "online", "org",
    "shop", "site", "top", "tw", "vip", "xyz",
})  # fmt: skip
"""After a letter, title or legal form, only these end a domain, because `C.Y.Li` is a name."""


def contains_web_address(name: str) -> bool:
    """Return whether a name contains a web or mail address, or a dot between words that may be a domain's."""
    text = to_half_width(name).lower()
    return bool(_LINK.search(text)) or any(map(_joins_domain, _DOT.finditer(text)))


def _joins_domain(dot: re.Match[str]) -> bool:
    word, after = dot["word"], dot["next"]
    if not word.isascii():  # Chinese names contain dots as well
        return ends_in_public_suffix(f"x.{after}")
    if after[0].isdigit() or (word.isdigit() and not after.isascii()):
        return False
    if after in _LEGAL_FORMS and dot["end"] and (len(word) == 1 or word in _LEGAL_FORMS):
        return False
    known = word in _TITLES or word in _LEGAL_FORMS or (len(word) == 1 and word.isalpha())
    return not known or after in _COMMON_SUFFIXES


def ends_in_public_suffix(name: str) -> bool:
    """Return whether a text ends in a dot and a top-level domain of the Public Suffix List."""
    _, dot, last = name.rstrip("._-").rpartition(".")
    return bool(dot) and _suffixes().publicsuffix(f"x.{last}") is not None


@functools.cache
def _suffixes() -> "PublicSuffixList":
    """Return the Public Suffix List, loaded at first use: it takes 3 MB, and only names with a dot need it."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)

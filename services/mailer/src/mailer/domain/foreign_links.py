"""Rejects payloads with links that lead outside the configured public address (SEC-9)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from port_runtime.urls import origin_of

from mailer.domain.errors import ForeignLinkError
from mailer.domain.mail_kinds import LINKS

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN_LINK: Final = re.compile(r"[!-~]+")
# Text that mail readers turn into a link.
_LOOKS_LIKE_LINK: Final = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|\bwww\.")
# Operators write reasons and may link to a page of the authorities; a mailbox's domain may start with "www.".
_FREE_TEXTS: Final = frozenset({"reason", "new_email_masked"})


def reject_foreign_links(content: Mapping[str, str], public_url: str, *, name: str = "") -> None:
    """Raise ForeignLinkError if a link is outside `public_url`, or if a text not in _FREE_TEXTS looks like a link."""
    for key, value in content.items():
        if key in LINKS:
            if not _is_under(value, public_url):
                raise ForeignLinkError(key)
        elif key not in _FREE_TEXTS and _LOOKS_LIKE_LINK.search(value):
            raise ForeignLinkError(key)
    if _LOOKS_LIKE_LINK.search(name):
        raise ForeignLinkError("name")


def _is_under(link: str, public_url: str) -> bool:
    """Return whether the origins are equal, in normal form, because the services may write an origin differently."""
    try:
        return bool(_PLAIN_LINK.fullmatch(link)) and origin_of(link) == origin_of(public_url)
    except ValueError:
        return False

"""Where a mail may lead its reader: under the configured public address and nowhere else (SEC-9)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from mailer.domain.catalogue import LINKS
from mailer.domain.errors import ForeignLinkError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN_LINK: Final = re.compile(r"[!-~]+")
# What a mail reader would turn into a link by itself, were it to stand in somebody's name.
_LOOKS_LIKE_LINK: Final = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|\bwww\.")
# Written by operators for the applicant, who may be sent to a page of the authorities.
_FREE_TEXTS: Final = frozenset({"reason"})


def reject_foreign_links(content: Mapping[str, str], public_url: str, *, name: str = "") -> None:
    """Raise ForeignLinkError when a link is not under `public_url`, or a name or company poses as one."""
    for key, value in content.items():
        if key in LINKS:
            if not _is_under(value, public_url):
                raise ForeignLinkError(key)
        elif key not in _FREE_TEXTS and _LOOKS_LIKE_LINK.search(value):
            raise ForeignLinkError(key)
    if _LOOKS_LIKE_LINK.search(name):
        raise ForeignLinkError("name")


def _is_under(link: str, public_url: str) -> bool:
    base = public_url.rstrip("/")
    if not _PLAIN_LINK.fullmatch(link) or not (link == base or link.startswith((base + "/", base + "?"))):
        return False
    return "@" not in urlsplit(link).netloc and "\\" not in link

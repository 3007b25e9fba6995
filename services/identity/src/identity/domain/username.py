"""Usernames (REG-3)."""

import re

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue
from identity.domain.web_address import ends_in_public_suffix

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{3,29}")
_WWW = re.compile(r"(?i)(?<![a-z0-9])www\.")
"""Text that the mailer refuses to send (SEC-9)."""


def parse_username(raw: str) -> str:
    """Return a username with its case preserved; it must not look like a web address (REG-3). Raises InvalidValue."""
    name = to_half_width(raw)
    if not _USERNAME.fullmatch(name):
        raise InvalidValue("invalid_username")
    if _WWW.search(name) or ends_in_public_suffix(name):
        raise InvalidValue("invalid_username", "web_address")
    return name


def username_key(username: str) -> str:
    """Return the form in which a username is unique (REG-3). Accepts any text that is submitted at login."""
    return to_half_width(username).lower()

"""Account names (REG-3)."""

import re

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{3,29}")


def parse_username(raw: str) -> str:
    """Return an account name with its case preserved (REG-3). Raises InvalidValue."""
    name = to_half_width(raw)
    if not _USERNAME.fullmatch(name):
        raise InvalidValue("invalid_username")
    return name


def username_key(username: str) -> str:
    """Return the form under which an account name is unique (REG-3), of any text submitted at login."""
    return to_half_width(username).lower()

"""From the text of a variable to its value. Each raises ValueError with the end of the sentence "NAME …".

No sentence repeats the text it refuses: a secret in the wrong variable must not reach a terminal (SEC-9).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from port_runtime.secret import Secret

T = TypeVar("T")
Parse = Callable[[str], T]
Network = IPv4Network | IPv6Network

PRODUCTION: Final = "production"
MAX_PORT: Final = 65535
SECONDS_IN: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MARK: Final = "_holds_secret"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: a host name or an address, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def holds_secret(parse: Parse[object]) -> bool:
    """Tell whether what this parser reads must not be shown."""
    return bool(getattr(parse, _MARK, False))


def mark_secret(parse: Parse[T]) -> Parse[T]:
    """Mark a parser whose text must not be shown."""
    setattr(parse, _MARK, True)
    return parse


def text(raw: str) -> str:
    """Any text without control characters."""
    if any(not character.isprintable() for character in raw):
        raise ValueError("must not hold control characters")
    return raw


def integer(minimum: int, maximum: int) -> Parse[int]:
    """Read a whole number within the bounds, both included."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", raw) or not minimum <= int(raw) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(raw)

    return parse


def seconds(raw: str) -> int:
    """Read a length of time in seconds: "90", or with a unit "90s", "15m", "12h", "7d"."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", raw)
    if not found:
        raise ValueError("must be a length of time: seconds, or with a unit as in 90s, 15m, 12h, 7d")
    return int(found[1]) * SECONDS_IN[found[2]]


def choice(*names: str) -> Parse[str]:
    """One of the names."""

    def parse(raw: str) -> str:
        if raw not in names:
            raise ValueError(f"must be one of: {', '.join(names)}")
        return raw

    return parse


def switch(raw: str) -> bool:
    """Read "on" or "off"."""
    return choice("on", "off")(raw) == "on"


mode = choice(PRODUCTION, "local")
"""Whether what is unsafe beyond one machine is refused (SEC-14)."""
log_level = choice("DEBUG", "INFO", "WARNING", "ERROR")
"""The least level that is logged: a name that `logs.configure` takes."""


def address(raw: str) -> Address:
    """Read HOST:PORT; an IPv6 address stands in brackets."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/@\[\]]+)):([0-9]{1,5})", raw)
    if not found or int(found[3]) > MAX_PORT:
        raise ValueError("must be host:port")
    return Address(found[1] or found[2], int(found[3]))


def url(raw: str) -> str:
    """Read an absolute URL of any scheme, without a password in it: see `secret_url` for those."""
    parts = _split(raw)
    if parts.password is not None:
        raise ValueError("must be a URL without a password")
    return raw


def url_of(*schemes: str) -> Parse[str]:
    """Read an absolute URL of one of the schemes, without a password in it."""

    def parse(raw: str) -> str:
        _require_scheme(raw, schemes)
        return url(raw)

    return parse


def secret_url(*schemes: str, check: Callable[[str], None] | None = None) -> Parse[Secret]:
    """Read an absolute URL of one of the schemes (of any, when none is named) that may hold a password.

    `check` raises ValueError for what else is wrong with it.
    """

    def parse(raw: str) -> Secret:
        _require_scheme(raw, schemes)
        if check is not None:
            check(raw)
        return Secret(raw)

    return mark_secret(parse)


@mark_secret
def secret(raw: str) -> Secret:
    """Read one secret."""
    return Secret(raw)


@mark_secret
def secret_list(raw: str) -> tuple[Secret, ...]:
    """Read secrets separated by commas, none of them empty or twice."""
    parts = [part.strip() for part in raw.split(",")]
    if not all(parts):
        raise ValueError("must be one or more secrets separated by commas")
    if len(set(parts)) != len(parts):
        raise ValueError("must not hold the same secret twice")
    return tuple(Secret(part) for part in parts)


def networks(raw: str) -> tuple[Network, ...]:
    """Read networks as in "10.0.0.0/8, ::1", separated by commas; an empty text is none."""
    try:
        return tuple(ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be networks separated by commas, as in 10.0.0.0/8,::1") from None


def directory(raw: str) -> Path:
    """Read the path of a directory that is there."""
    path = Path(raw)
    if not path.is_dir():
        raise ValueError("must be a directory that exists")
    return path


def optional(parse: Parse[T]) -> Parse[T | None]:
    """Read as `parse` does; an empty text is None."""

    def parse_optional(raw: str) -> T | None:
        return parse(raw) if raw else None

    return mark_secret(parse_optional) if holds_secret(parse) else parse_optional


class _Parts:
    """The few parts of a URL that are looked at."""

    def __init__(self, raw: str) -> None:
        parts = urlsplit(raw)
        self.scheme, self.password = parts.scheme, parts.password
        self.port = parts.port  # raises ValueError when it is no number
        self.place = parts.netloc or parts.path


def _split(raw: str) -> _Parts:
    try:
        parts = _Parts(raw)
    except ValueError:
        raise ValueError("must be a URL") from None
    if not parts.scheme or not parts.place or "://" not in raw or any(c.isspace() for c in raw):
        raise ValueError("must be a URL")
    return parts


def _require_scheme(raw: str, schemes: tuple[str, ...]) -> None:
    if _split(raw).scheme not in (schemes or (_split(raw).scheme,)):
        raise ValueError(f"must be a URL that begins with {', '.join(f'{name}://' for name in schemes)}")

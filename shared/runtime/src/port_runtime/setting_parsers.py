"""Parsers of the texts of environment variables.

A parser raises ValueError with the predicate of an error message, as in "must be a URL". No message contains the text,
because it may be a secret in the wrong variable (SEC-9).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from port_runtime.log_formats import FORMATS
from port_runtime.secret import Secret

T = TypeVar("T")
Parse = Callable[[str], T]
Network = IPv4Network | IPv6Network

PRODUCTION: Final = "production"
MAX_PORT: Final = 65535
SECONDS_IN: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MARK: Final = "_holds_secret"
# str.isprintable is not used: it depends on the version of Python, and rejects the ideographic space.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host name or IP address and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def holds_secret(parse: Parse[object]) -> bool:
    return bool(getattr(parse, _MARK, False))


def mark_secret(parse: Parse[T]) -> Parse[T]:
    setattr(parse, _MARK, True)
    return parse


def text(raw: str) -> str:
    """Accept any text without control characters."""
    if _CONTROLS.search(raw):
        raise ValueError("must not contain control characters")
    return raw


def integer(minimum: int, maximum: int) -> Parse[int]:
    """Return a parser of integers from `minimum` to `maximum`, both included."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", raw) or not minimum <= int(raw) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(raw)

    return parse


def seconds(raw: str) -> int:
    """Parse a duration: "90" seconds, or with a unit "90s", "15m", "12h", "7d"."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", raw)
    if not found:
        raise ValueError("must be a duration: seconds, or with a unit as in 90s, 15m, 12h, 7d")
    return int(found[1]) * SECONDS_IN[found[2]]


def choice(*names: str) -> Parse[str]:
    def parse(raw: str) -> str:
        if raw not in names:
            raise ValueError(f"must be one of: {', '.join(names)}")
        return raw

    return parse


def switch(raw: str) -> bool:
    return choice("on", "off")(raw) == "on"


mode = choice(PRODUCTION, "local")
"""The modes of SEC-14."""
log_level = choice("DEBUG", "INFO", "WARNING", "ERROR")
"""Parses `level` of `logs.configure`."""
log_format = choice(*FORMATS)
"""Parses `log_format` of `logs.configure`."""


def host_port(raw: str) -> HostPort:
    """Parse HOST:PORT; an IPv6 address needs brackets."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:/@\[\]]+)):([0-9]{1,5})", raw)
    if not found or int(found[3]) > MAX_PORT:
        raise ValueError("must be host:port")
    return HostPort(found[1] or found[2], int(found[3]))


def url(raw: str) -> str:
    """Check an absolute URL, which must contain no password, and return it unchanged."""
    parts = _split(raw)
    if parts.password is not None:
        raise ValueError("must be a URL without a password")
    return raw


def url_of(*schemes: str) -> Parse[str]:
    """Return a parser of absolute URLs of the given schemes, without a password."""

    def parse(raw: str) -> str:
        _require_scheme(raw, schemes)
        return url(raw)

    return parse


def secret_url(*schemes: str, check: Callable[[str], None] | None = None) -> Parse[Secret]:
    """Return a parser of absolute URLs of the given schemes (default: any) that may contain a password.

    `check` may raise ValueError for further errors.
    """

    def parse(raw: str) -> Secret:
        _require_scheme(raw, schemes)
        if check is not None:
            check(raw)
        return Secret(raw)

    return mark_secret(parse)


@mark_secret
def secret(raw: str) -> Secret:
    return Secret(raw)


@mark_secret
def secret_list(raw: str) -> tuple[Secret, ...]:
    """Parse distinct secrets separated by commas."""
    parts = [part.strip() for part in raw.split(",")]
    if not all(parts):
        raise ValueError("must be one or more secrets separated by commas")
    if len(set(parts)) != len(parts):
        raise ValueError("must not contain the same secret twice")
    return tuple(Secret(part) for part in parts)


def networks(raw: str) -> tuple[Network, ...]:
    """Parse networks separated by commas, as in "10.0.0.0/8, ::1"."""
    try:
        return tuple(ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be networks separated by commas, as in 10.0.0.0/8,::1") from None


def directory(raw: str) -> Path:
    path = Path(raw)
    if not path.is_dir():
        raise ValueError("must be a directory that exists")
    return path


def is_loopback(host: str) -> bool:
    """Return whether the host is a loopback address or `localhost` (SEC-14). No name is resolved."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(raw: str) -> SplitResult:
    try:
        parts = urlsplit(raw)
        for host in parts.netloc.rpartition("@")[2].split(","):  # the URL of sentinels contains several hosts
            _ = urlsplit(f"//{host}").port  # raises ValueError for an invalid port
    except ValueError:
        raise ValueError("must be a URL") from None
    has_target = bool(parts.netloc or parts.path)
    if not parts.scheme or not has_target or "://" not in raw or any(c.isspace() for c in raw):
        raise ValueError("must be a URL")
    return parts


def _require_scheme(raw: str, schemes: tuple[str, ...]) -> None:
    scheme = _split(raw).scheme
    if schemes and scheme not in schemes:
        raise ValueError(f"must be a URL that begins with {', '.join(f'{name}://' for name in schemes)}")

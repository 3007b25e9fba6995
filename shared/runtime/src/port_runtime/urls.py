"""The normal form of origins and hosts, for comparing URLs (RFC 3986 section 6.2, RFC 6454)."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_MAX_HOST: Final = 253
_MAX_PORT: Final = 65535
_NETLOC: Final = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:/?#@\\\s]+))(?::([0-9]{0,5}))?")
_LABELS: Final = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMBER: Final = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")
# Refused, because Python's codec (IDNA 2003) maps these characters differently from browsers, which follow UTS 46.
_DEVIATIONS: Final = frozenset("\u00df\u03c2\u200c\u200d")


def origin_of(url: str) -> str:
    """Return the origin of an http or https URL as browsers write it: `scheme://host[:port]`. Raises ValueError.

    Scheme and host are in lower case, a host name is in ASCII (IDNA), an IP address is in its canonical form, and a
    default port is omitted.
    """
    if " " in url or not url.isprintable():  # no other white space is printable
        raise ValueError("must be a URL without spaces or control characters")
    try:
        parts = urlsplit(url)
    except ValueError:  # its message may contain a password
        raise ValueError("must be a URL") from None
    found = _NETLOC.fullmatch(parts.netloc)
    if parts.scheme not in DEFAULT_PORTS or not found:
        raise ValueError(
            "must start with http:// or https:// and contain a host, but no username or password"
        )
    host = f"[{_address(found[1])}]" if found[1] else ascii_host(found[2])
    port = int(found[3] or DEFAULT_PORTS[parts.scheme])
    if port > _MAX_PORT:
        raise ValueError("must have a port up to 65535")
    return f"{parts.scheme}://{host}" + ("" if port == DEFAULT_PORTS[parts.scheme] else f":{port}")


def parse_origin(url: str) -> str:
    """Return the origin of a URL that has no path except `/`, no query and no fragment. Raises ValueError."""
    origin = origin_of(url)
    parts = urlsplit(url)
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise ValueError("must be scheme, host and port only")
    return origin


def parse_host(text: str) -> str:
    """Return the normal form of a `Host` header, `host[:port]` (RFC 9110 section 7.2). Raises ValueError.

    As for https, port 443 is omitted; port 80 is kept.
    """
    if "/" in text:
        raise ValueError("must be a host, with or without a port")
    return parse_origin(f"https://{text}").removeprefix("https://")


def ascii_host(host: str) -> str:
    """Return a host name in lower case and ASCII (IDNA), or an IPv4 address. Raises ValueError."""
    try:
        name = host.lower() if host.isascii() else host.encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if _DEVIATIONS.intersection(host) or len(name) > _MAX_HOST or not _LABELS.fullmatch(name):
        raise ValueError("must have a valid host; a host that is not ASCII may be written in its xn-- form")
    return _address(name) if _NUMBER.fullmatch(name) else name


def _address(text: str) -> str:
    """Return the canonical form of an IPv4 or IPv6 address, as in a browser's URL. Raises ValueError.

    A zone, and dotted-decimal notation in an IPv6 address, are refused.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError("must have a valid IP address") from None
    if "%" in text or (":" in text and "." in text):
        raise ValueError("must have an IPv6 address in hexadecimal, without a zone")
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:  # written in dotted-decimal notation by str() from Python 3.13 on
        return f"::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}"
    return str(address)

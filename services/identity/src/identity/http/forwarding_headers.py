"""Parsing of the addresses in `X-Forwarded-For` and `Forwarded` (RFC 7239)."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

IpAddress = IPv4Address | IPv6Address

X_FORWARDED_FOR = "x-forwarded-for"
FORWARDED = "forwarded"
_MAX_ELEMENT_CHARACTERS = 512
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a token of RFC 9110 section 5.6.2
_VALUE = r"[][:!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a token, or an address that lacks its quotation marks
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PAIR = re.compile(rf"\s*({_NAME})=({_VALUE}|{_QUOTED})\s*")
_ELEMENT = re.compile(rf"{_PAIR.pattern}(?:;{_PAIR.pattern})*(?:;\s*)?")
_NODE = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:]+))(?::(?:[0-9]{1,5}|_[0-9A-Za-z._-]+))?")
"""An IPv4 address, or an IPv6 address in brackets, with or without a port (RFC 7239 section 6)."""


def hops(name: str, lines: list[str]) -> Iterator[IpAddress | None]:
    """Yield the addresses in the lines of header `name`, the nearest first; None is an unreadable address."""
    header = ",".join(lines)
    nodes = _forwarded_nodes(header) if name == FORWARDED else reversed(header.split(","))
    for node in nodes:
        yield parse_address(node)


def parse_address(node: str) -> IpAddress | None:
    """Return the address without port and zone, or None; IPv4 if it is IPv4-mapped (RFC 4291 section 2.5.5.2)."""
    text = node.strip().strip('"')
    found = _NODE.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2] if found else text).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _forwarded_nodes(header: str) -> Iterator[str]:
    """Yield the `for` of each element, the last element first; "" if it is malformed or has not exactly one `for`.

    Parsing starts at the end, so that an unclosed quotation mark in a client's element cannot absorb the proxy's
    element. A comma may be part of a quoted string; then the text after the comma is not an element of its own.
    """
    pieces = header.split(",")
    while pieces:
        element = pieces.pop()
        while pieces and not _is_element(element) and len(element) < _MAX_ELEMENT_CHARACTERS:
            element = f"{pieces.pop()},{element}"
        yield _node_of(element) if _is_element(element) else ""


def _is_element(text: str) -> bool:
    return len(text) <= _MAX_ELEMENT_CHARACTERS and _ELEMENT.fullmatch(text) is not None


def _node_of(element: str) -> str:
    nodes = [value for name, value in _PAIR.findall(element) if name.lower() == "for"]
    return re.sub(r"\\(.)", r"\1", nodes[0]) if len(nodes) == 1 else ""

"""Where a request comes from: the client's address behind trusted proxies, its browser and its device cookies."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import request
from port_runtime.setting_parsers import Network

from identity.domain.session import ClientInfo
from identity.http.web_context import web_context

_MAX_USER_AGENT_CHARACTERS = 200


def client_info() -> ClientInfo:
    """Return the address, the browser's user agent, and the device cookies by account."""
    agent = request.headers.get("User-Agent", "")[:_MAX_USER_AGENT_CHARACTERS]
    prefix = web_context().device_prefix
    devices = {
        name.removeprefix(prefix): value for name, value in request.cookies.items() if name.startswith(prefix)
    }
    return ClientInfo(client_address(), "".join(char for char in agent if char.isprintable()), devices)


def client_address() -> str:
    """Return the peer's address, or behind trusted proxies the nearest one that is not a proxy (SEC-3)."""
    trusted = web_context().trusted_proxies
    nearest = request.remote_addr or ""
    hops = [hop.strip() for header in request.headers.getlist("X-Forwarded-For") for hop in header.split(",")]
    while hops and _in_networks(nearest, trusted):
        nearest = hops.pop()
    address = _parse_address(nearest) or _parse_address(request.remote_addr or "")
    return str(address) if address else ""


def _in_networks(text: str, networks: tuple[Network, ...]) -> bool:
    address = _parse_address(text)
    return address is not None and any(address in network for network in networks)


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address without its zone; an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address

"""Whether a host is this machine itself: what goes there crosses no network, and may go in plain (SEC-14)."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell it of an address, or of the name `localhost`; no other name is looked up, so none is believed."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

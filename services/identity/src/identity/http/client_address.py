"""The client's IP address behind trusted proxies (SEC-3, SEC-16)."""

import time
from typing import cast

import structlog
from flask import g, request
from port_runtime.metrics import Instruments
from port_runtime.setting_parsers import Network

from identity.http import forwarding_headers
from identity.http.forwarding_headers import IpAddress
from identity.http.web_context import web_context
from identity.metrics.web import FORWARDING_UNREADABLE

_log = structlog.get_logger("identity.http")
_WARNING_INTERVAL_SECONDS = 60.0


def client_address() -> str:
    """Return the client's address, or "" if the peer has no IP address, as on a Unix socket."""
    if "client_address" not in g:
        peer = forwarding_headers.parse_address(request.remote_addr or "")
        g.client_address = str(web_context().proxies.client_address(peer)) if peer else ""
    return cast("str", g.client_address)


class TrustedProxies:
    """The proxies whose forwarding headers are trusted, and the header that they write (SEC-16).

    If `header` is None, they may write `X-Forwarded-For` or `Forwarded`; if both are present, the former is read.
    """

    def __init__(self, networks: tuple[Network, ...], header: str | None, instruments: Instruments) -> None:
        self._networks = networks
        self._header = header
        self.unreadable = instruments.counter(FORWARDING_UNREADABLE)
        self._warned_at = -_WARNING_INTERVAL_SECONDS

    def client_address(self, peer: IpAddress) -> IpAddress:
        """Return the first address, from the peer on, that is not a trusted proxy.

        If there is none, or an address before it is unreadable, return the last address that was read.
        """
        nearest, name = peer, self._header or self._present_header()
        for address in forwarding_headers.hops(name, request.headers.getlist(name)):
            if not self._is_trusted(nearest):
                break
            if address is None:
                self._report(name)
                break
            nearest = address
        return nearest

    def _is_trusted(self, address: IpAddress) -> bool:
        return any(address in network for network in self._networks)

    def _present_header(self) -> str:
        names = (forwarding_headers.X_FORWARDED_FOR, forwarding_headers.FORWARDED)
        return next((name for name in names if name in request.headers), forwarding_headers.X_FORWARDED_FOR)

    def _report(self, name: str) -> None:
        """Count the request, and log a warning at most once a minute.

        The request is attributed to the proxy, and counts against the proxy's rate limits.
        """
        self.unreadable.labels(name).inc()
        now = time.monotonic()
        if now >= self._warned_at + _WARNING_INTERVAL_SECONDS:
            self._warned_at = now
            _log.warning("unreadable forwarding header", header=name, peer=request.remote_addr)

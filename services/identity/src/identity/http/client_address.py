"""The origin of a request: the client's address behind trusted proxies, its browser and its device cookies."""

from typing import cast

from flask import g, request

from identity.domain.session import ClientInfo
from identity.http import forwarding_headers
from identity.http.cookie_names import device_cookie_prefix
from identity.http.web_context import web_context

_MAX_USER_AGENT_CHARACTERS = 200


def client_info() -> ClientInfo:
    """Return the client's IP address, user agent, and device cookies by `device_name`."""
    agent = request.headers.get("User-Agent", "")[:_MAX_USER_AGENT_CHARACTERS]
    prefix = device_cookie_prefix()
    devices = {
        name.removeprefix(prefix): value for name, value in request.cookies.items() if name.startswith(prefix)
    }
    return ClientInfo(client_address(), "".join(char for char in agent if char.isprintable()), devices)


def client_address() -> str:
    """Return the client's IP address: the peer's, or the first untrusted address behind proxies (SEC-3)."""
    if "client_address" not in g:
        peer = forwarding_headers.parse_address(request.remote_addr or "")
        g.client_address = str(web_context().proxies.client_address(peer)) if peer else ""
    return cast("str", g.client_address)

"""A request's client: its address, its browser and its device cookies."""

from flask import request

from identity.domain.session import ClientInfo
from identity.http.client_address import client_address
from identity.http.cookie_names import device_cookie_prefix

_MAX_USER_AGENT_CHARACTERS = 200


def client_info() -> ClientInfo:
    """Return the client's address, user agent (only printable characters of the first 200) and device cookies.

    The keys of the cookies are the values of `device_name`.
    """
    agent = request.headers.get("User-Agent", "")[:_MAX_USER_AGENT_CHARACTERS]
    prefix = device_cookie_prefix()
    devices = {
        name.removeprefix(prefix): value for name, value in request.cookies.items() if name.startswith(prefix)
    }
    return ClientInfo(client_address(), "".join(char for char in agent if char.isprintable()), devices)

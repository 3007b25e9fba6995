"""The names of the cookies. Over https their prefix makes browsers restrict them to this host (SEC-7)."""

from identity.http.web_context import web_context


def cookie_name(name: str, *, https: bool) -> str:
    """Return the name under which a browser keeps a cookie."""
    return f"__Host-{name}" if https else name


def session_cookie() -> str:
    """Return the name of the cookie with the portal's session."""
    return cookie_name("session", https=web_context().https)


def device_cookie_prefix() -> str:
    """Return the prefix of the device cookies' names; there is one cookie for each account (SEC-3)."""
    return cookie_name("device-", https=web_context().https)

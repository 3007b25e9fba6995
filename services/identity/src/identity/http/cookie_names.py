"""Cookie names. Over https, the prefix `__Host-` makes browsers restrict cookies to this host (SEC-7)."""

from identity.http.web_context import web_context


def cookie_name(name: str, *, https: bool) -> str:
    return f"__Host-{name}" if https else name


def session_cookie() -> str:
    return cookie_name("session", https=web_context().https)


def device_cookie_prefix() -> str:
    """Return the prefix of device cookies' names. A browser has one such cookie for each account (SEC-3)."""
    return cookie_name("device-", https=web_context().https)

"""The URIs that a service client registers (OIDC-2, OIDC-25), stored without normalization."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from identity.domain.errors import InvalidValue

MAX_URI_CHARACTERS: Final = 1000
MAX_URIS: Final = 20
"""Maximum number of values in each list of a registration, except `may_reach`."""

_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
"""The characters that a URI may contain (RFC 3986)."""
_AUTHORITY = re.compile(
    r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
"""Host and port, without userinfo. The host contains no separators of a Content-Security-Policy (OIDC-28)."""
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
"""A domain name in reverse order (RFC 8252 section 7.1), which cannot be a scheme that browsers define."""
_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
_LOOPBACK_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]{1,5}))?(?=[/?]|\Z)")
_MAX_PORT: Final = 65535


def parse_redirect_uri(raw: str, *, is_public: bool) -> str:
    """Validate a URI for redirecting the browser: https, or http on loopback. Raises InvalidValue.

    Public clients may also use private-use schemes, such as `com.example.app:/callback`.
    """
    parts = _split(raw)
    if "*" in raw:
        raise InvalidValue("invalid_uri", "wildcard")
    if parts.scheme in {"https", "http"}:
        return _checked(raw, parts, allows_http=_host(parts) in _LOOPBACK)
    if not is_public:
        raise InvalidValue("invalid_uri", "not_https")
    if not _PRIVATE_SCHEME.fullmatch(parts.scheme) or parts.netloc or not parts.path.startswith("/"):
        raise InvalidValue("invalid_uri", "private_scheme")
    return raw


def parse_backchannel_uri(raw: str, *, https_only: bool) -> str:
    """Validate the URI for back-channel logout: https, or http unless `https_only`. Raises InvalidValue."""
    return _checked(raw, _split(raw), allows_http=not https_only)


def parse_resource(raw: str) -> str:
    """Validate a resource indicator (RFC 8707): https, or http on loopback. Raises InvalidValue."""
    parts = _split(raw)
    return _checked(raw, parts, allows_http=_host(parts) in _LOOPBACK)


def without_loopback_port(uri: str) -> str | None:
    """Return an http loopback URI without its port if any, or None for every other URI."""
    found = _LOOPBACK_PORT.match(uri)
    if found is None or int(found[2] or 0) > _MAX_PORT:
        return None
    return found[1] + uri[found.end() :]


def _split(raw: str) -> SplitResult:
    if len(raw) > MAX_URI_CHARACTERS:
        raise InvalidValue("too_long", max=MAX_URI_CHARACTERS)
    if "#" in raw:
        raise InvalidValue("invalid_uri", "fragment")
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        raise InvalidValue("invalid_uri") from None
    # URIs are compared exactly, and clients send the scheme in lower case.
    is_lower_case = raw.startswith(f"{parts.scheme}:")
    if not is_lower_case or not _URI.fullmatch(raw):
        raise InvalidValue("invalid_uri")
    return parts


def _checked(raw: str, parts: SplitResult, *, allows_http: bool) -> str:
    if "@" in parts.netloc:
        raise InvalidValue("invalid_uri", "userinfo")
    if parts.scheme != "https" and not (parts.scheme == "http" and allows_http):
        raise InvalidValue("invalid_uri", "not_https")
    if not _AUTHORITY.fullmatch(parts.netloc):
        raise InvalidValue("invalid_uri")
    return raw


def _host(parts: SplitResult) -> str:
    found = _AUTHORITY.fullmatch(parts.netloc)
    return found["host"] if found else ""

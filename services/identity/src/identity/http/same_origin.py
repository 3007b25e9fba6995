"""The origin check of requests that are authenticated by the browser's cookie (SEC-8)."""

from flask import g, request
from port_runtime.urls import parse_origin

from identity.domain.errors import ForeignOrigin
from identity.http.web_context import ports

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def require_same_origin() -> None:
    """Raise ForeignOrigin if a request that may change something could come from a page of another origin (SEC-8).

    A valid CSRF token suffices, because old browsers send neither `Sec-Fetch-Site` nor `Origin` with forms.
    """
    if request.method in _SAFE_METHODS or g.get("csrf_valid"):
        return
    if not _is_same_origin():
        raise ForeignOrigin


def _is_same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    try:
        origin = parse_origin(request.headers.get("Origin", ""))
        return origin == ports().rules.public_url or origin == parse_origin(request.host_url)
    except ValueError:
        return False

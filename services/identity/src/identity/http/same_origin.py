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
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForeignOrigin
        return
    origin = _normal_form(request.headers.get("Origin", ""))
    if origin is None or origin not in {ports().rules.public_url, _normal_form(request.host_url)}:
        raise ForeignOrigin


def _normal_form(origin: str) -> str | None:
    try:
        return parse_origin(origin)
    except ValueError:
        return None

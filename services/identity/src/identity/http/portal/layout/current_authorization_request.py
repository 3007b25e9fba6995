"""The pending authorization request that a page belongs to, by the page's own URL or by `next` (OIDC-4)."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

from flask import g, has_request_context, request, url_for

from identity.domain.authorization_error import RequestGone
from identity.domain.oidc_client import OidcClient
from identity.http.database_errors import DATABASE_ERRORS
from identity.http.portal.layout.redirects import next_url
from identity.http.security_headers import CONTENT_SECURITY_POLICY
from identity.http.web_context import ports
from identity.usecases import pending_authorization_requests

_WITH_NEXT = frozenset(
    f"portal.{name}"
    for name in (
        "login",
        "registration",
        "password_reset",
        "forgotten_usernames",
        "pending_account",
        "consents",
    )
)
_WITHOUT_NEXT = frozenset({"portal.login.log_out"})
_PATH = re.compile(r"/authorize/(?P<id>[A-Za-z0-9_-]{1,64})(?:/[a-z]+)?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?")
"""An origin, without IPv6 addresses, which a Content-Security-Policy cannot contain."""


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """`service` is a display name. `origin` is that of the redirect URI, or None if forms cannot redirect there."""

    id: str
    service: str
    origin: str | None


def service_request() -> ServiceRequest | None:
    """Return the pending request that this page belongs to. None also if the database is unavailable."""
    if "service_request" not in g:
        g.service_request = _find()
    return cast("ServiceRequest | None", g.service_request)


def _find() -> ServiceRequest | None:
    found = _PATH.fullmatch(next_url() or request.path)
    if found is None:
        return None
    try:
        pending, client = pending_authorization_requests.find(ports(), found["id"])
    except (RequestGone, *DATABASE_ERRORS):  # error pages work without the database
        return None
    uri = pending.parameters.get("redirect_uri") or ""
    return ServiceRequest(found["id"], client.display_name, redirectable_origin(uri))


def template_url(endpoint: str, **values: Any) -> str:
    """Return the result of `url_for`. Constant URLs are cached, because a page contains ten of them."""
    return url_for(endpoint, **values) if values or _may_have_next(endpoint) else _fixed_url(endpoint)


@cache
def _fixed_url(endpoint: str) -> str:
    return url_for(endpoint)


def _may_have_next(endpoint: str) -> bool:
    return endpoint.rpartition(".")[0] in _WITH_NEXT and endpoint not in _WITHOUT_NEXT


def keep_next(endpoint: str, values: dict[str, Any]) -> None:
    """Add `next`, the page to continue at, to URLs of pages that precede it, such as the login."""
    if not _may_have_next(endpoint) or "next" in values or not has_request_context():
        return
    pending = service_request()
    following = next_url() or (
        url_for("portal.authorization_pages.show", request_id=pending.id) if pending else ""
    )
    if following:
        values["next"] = following


def redirectable_origin(uri: str) -> str | None:
    """Return the origin of a URI if a form may redirect to it, or None if the URI requires a link (OIDC-28)."""
    parts = urlsplit(uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if _ORIGIN.fullmatch(origin) else None


def home_of(client: OidcClient | None) -> str | None:
    """Return the URL of a service's website, or None if no redirect URI has an origin to link to."""
    origins = map(redirectable_origin, client.redirect_uris if client is not None else ())
    return next((f"{origin}/" for origin in origins if origin is not None), None)


def form_policy(origin: str) -> str:
    """Return the Content-Security-Policy of a page whose forms redirect to a service.

    Chromium applies `form-action` to redirects, and would block the redirect to the service.
    """
    return CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {origin}")

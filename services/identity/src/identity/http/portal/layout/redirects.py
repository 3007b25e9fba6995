"""Redirects within the portal, and the pages to which they lead (SEC-8)."""

from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException

from identity.domain.session import Principal
from identity.http.portal.layout.assets import FILES

_STEPS = {
    "verify_email": "portal.pending_account.show",
    "await_review": "portal.pending_account.review",
    "consent": "portal.consents.show",
}
_SEE_OTHER = 303
_MAX_URL_CHARACTERS = 200


def redirect_to(endpoint: str, **values: Any) -> Response:
    """Redirect with 303 to an endpoint, so that reloading does not send a form again."""
    return redirect_to_url(url_for(endpoint, **values))


def redirect_to_url(url: str) -> Response:
    """Redirect with 303 to one of our own URLs, or to a registered URL of a service."""
    return redirect(url, _SEE_OTHER, Response)  # type: ignore[return-value]  # the class passed as argument


def landing_url(principal: Principal) -> str:
    """Return the URL where a session continues: its open step, `next`, or its start page (LOGIN-3, LOGIN-4)."""
    if principal.next_step is not None:
        return step_url(principal, next_url())
    return next_url() or url_for(
        "portal.bindings.show" if principal.account.kind == "link" else "portal.home.show"
    )


def step_url(principal: Principal, following: str) -> str:
    """Return the URL of a session's open step, which continues at the page `following`."""
    return url_for(_STEPS[principal.next_step or ""], next=following or None)


def next_url() -> str:
    """Return the path in the request's `next` if it is a page of the portal, otherwise an empty string (SEC-8)."""
    try:
        url = request.values.get("next", "")
        if len(url) > _MAX_URL_CHARACTERS or not url.startswith("/"):
            return ""
        parts = urlsplit(url)
        endpoint, _ = current_app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, ValueError):  # includes a form that is too large
        return ""
    return parts.path if endpoint.startswith("portal.") and endpoint != FILES and not parts.netloc else ""

"""Rendering of pages."""

from typing import Any

from flask import Response, g, make_response, render_template, request, session

from identity.domain.errors import Refusal, RetryLater
from identity.http import problems
from identity.http.portal.layout.assets import asset
from identity.http.portal.layout.current_authorization_request import (
    form_policy,
    service_request,
    template_url,
)
from identity.http.portal.layout.flash_messages import flashed_messages
from identity.http.portal.layout.redirects import next_url
from identity.http.web_context import WebContext, ports

_INVALID = 422


def render_page(
    template: str, *, status: int = 200, refusal: Refusal | None = None, **values: Any
) -> Response:
    """Render a page. Its status is that of `refusal`, or 422 if a form has invalid fields.

    Browsers send its URL to no other site, and if it contains a token, to no page (SEC-8). The forms of a page that
    belongs to a service's request may redirect to the service (OIDC-28).
    """
    is_invalid = any(getattr(value, "invalid_fields", ()) for value in values.values())
    has_errors = is_invalid or bool(values.get("error") or values.get("differences"))
    page = render_template(f"portal/{template}", has_errors=has_errors, **values)
    response = make_response(page, _INVALID if is_invalid else status)
    response.headers["Referrer-Policy"] = "no-referrer" if "token" in request.args else "same-origin"
    pending = service_request()
    if pending is not None and pending.origin is not None:
        response.headers["Content-Security-Policy"] = form_policy(pending.origin)
    if refusal is not None:
        response.status_code = problems.PROBLEMS[type(refusal)].status
    if isinstance(refusal, RetryLater):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)  # SEC-1, SEC-6
    return response


def clear_form_session() -> None:
    """Start a new form session, so that the browser's next person does not get its CSRF token and messages."""
    session.clear()
    g.pop("csrf_token", None)


def session_seconds_left() -> int:
    left = g.principal.expires_at - ports().clock.now()
    return max(0, int(left.total_seconds()))


def template_globals(context: WebContext) -> dict[str, Any]:
    """Return the globals of templates. Imported macros have these only."""
    return {
        "has_errors": False,
        "links": context.links,
        "contact": context.contact,
        "asset": asset,
        "url_for": template_url,
        "next_url": next_url,
        "service_request": service_request,
        "messages": flashed_messages,
        "session_seconds_left": session_seconds_left,
    }


def template_values() -> dict[str, Any]:
    """Return the values that depend on the request. Imported macros do not have them."""
    return {"principal": g.get("principal")}

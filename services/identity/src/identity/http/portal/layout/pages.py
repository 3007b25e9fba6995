"""Rendering pages, redirecting, and messages from one request to the next page."""

from typing import Any
from urllib.parse import urlsplit

from flask import (
    Response,
    current_app,
    flash,
    g,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException

from identity.domain.errors import Refusal, RetryLater
from identity.domain.session import Principal
from identity.http import problems
from identity.http.portal.layout.assets import FILES, asset
from identity.http.web_context import ports, web_context
from identity.http.zh_tw import portal as texts

_STEPS = {
    "verify_email": "portal.verification.show",
    "await_review": "portal.verification.review",
    "consent": "portal.consents.show",
}
_SEE_OTHER = 303
_MAX_URL_CHARACTERS = 200
_FETCH_DESTINATION = "empty"
"""The Sec-Fetch-Dest of a request made by a script."""


def render_page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page. Its URL is sent to no other site, and to no page at all if it holds a token (SEC-8)."""
    response = make_response(render_template(f"portal/{template}", **values), status)
    response.headers["Referrer-Policy"] = "no-referrer" if "token" in request.args else "same-origin"
    return response


def with_refusal_status(response: Response, refusal: Refusal) -> Response:
    """Set a refusal's status, and Retry-After if waiting helps (SEC-1, SEC-6)."""
    response.status_code = problems.PROBLEMS[type(refusal)].status
    if isinstance(refusal, RetryLater):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def redirect_to(endpoint: str, **values: Any) -> Response:
    """Redirect after a form was processed, so that going back sends nothing twice."""
    return redirect_to_url(url_for(endpoint, **values))


def redirect_to_url(url: str) -> Response:
    """Redirect to a URL of the portal."""
    return redirect(url, _SEE_OTHER, Response)  # type: ignore[return-value]  # of the class asked for


def flash_message(sentence: str, *, kind: str = "done") -> None:
    """Show a system message on the next page; `kind` is done, notice or fault."""
    flash(sentence if sentence.endswith(texts.SENTENCE_ENDS) else sentence + texts.SENTENCE_ENDS[0], kind)


def flash_refusal(refusal: Refusal) -> None:
    """Show on the next page why a request was refused."""
    flash_message(problems.sentence(refusal), kind="fault")


def landing_url(principal: Principal) -> str:
    """Return the URL of the page on which a session continues (LOGIN-3, LOGIN-4)."""
    if principal.next_step is not None:
        return url_for(_STEPS[principal.next_step])
    return url_for("portal.bindings.show" if principal.account.kind == "link" else "portal.switching.home")


def next_url() -> str:
    """Return the portal page in the request's `next`, or an empty string: no open redirect (SEC-8)."""
    url = request.values.get("next", "")
    if len(url) > _MAX_URL_CHARACTERS or not url.startswith("/"):
        return ""
    try:
        parts = urlsplit(url)
        endpoint, _ = current_app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, ValueError):
        return ""
    return parts.path if endpoint.startswith("portal.") and endpoint != FILES and not parts.netloc else ""


def clear_form_session() -> None:
    """Start a new form session: one person's CSRF token and messages must not reach the next person."""
    session.clear()
    g.pop("csrf_token", None)


def flashed_messages() -> list[tuple[str, str]]:
    """Return each message once, with its kind. A script's request leaves them for the next page."""
    if request.headers.get("Sec-Fetch-Dest") == _FETCH_DESTINATION:
        return []
    waiting: Any = get_flashed_messages(with_categories=True)
    return list(dict.fromkeys(waiting))


def session_seconds_left() -> int:
    """Return the seconds until the page's session ends if it stays unused."""
    left = g.principal.expires_at - ports().clock.now()
    return max(0, int(left.total_seconds()))


def template_values() -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "principal": g.get("principal"),
        "links": web_context().links,
        "asset": asset,
        "messages": flashed_messages,
        "session_seconds_left": session_seconds_left,
    }

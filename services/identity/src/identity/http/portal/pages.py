"""A page: its template, what every page shows, and what one request tells the next."""

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
from identity.http.context import ports, web_context
from identity.http.portal.assets import FILES, asset

_STEPS = {
    "verify_email": "portal.verification.show",
    "await_review": "portal.review.show",
    "consent": "portal.consents.show",
}
_SEE_OTHER = 303
_MAX_URL_CHARACTERS = 200
_FETCH_DESTINATION = "empty"
"""As browsers name where the answer of `fetch` goes."""


def render_page(template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page. Other sites learn nothing of its address; where that holds a token, nobody does (SEC-8)."""
    response = make_response(render_template(f"portal/{template}", **values), status)
    response.headers["Referrer-Policy"] = "no-referrer" if "token" in request.args else "same-origin"
    return response


def with_refusal_status(response: Response, refusal: Refusal) -> Response:
    """Give a page its refusal's status, and when to try again where time alone helps (SEC-1, SEC-6)."""
    response.status_code = problems.PROBLEMS[type(refusal)].status
    if isinstance(refusal, RetryLater):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def redirect_to(endpoint: str, **values: Any) -> Response:
    """Send the browser on after a form was done: going back then sends nothing again."""
    return redirect_to_url(url_for(endpoint, **values))


def redirect_to_url(address: str) -> Response:
    """Send the browser on to an address of our own."""
    return redirect(address, _SEE_OTHER, Response)  # type: ignore[return-value]  # of the class asked for


def flash_message(sentence: str, *, kind: str = "done") -> None:
    """Have the next page show a system message; `kind` is done, notice or fault."""
    flash(sentence if sentence.endswith(("。", "！")) else f"{sentence}。", kind)


def flash_refusal(refusal: Refusal) -> None:
    """Have the next page show why a request was refused."""
    flash_message(problems.sentence(refusal), kind="fault")


def landing_url(who: Principal) -> str:
    """Return where a session goes on (LOGIN-3, LOGIN-4)."""
    if who.next_step is not None:
        return url_for(_STEPS[who.next_step])
    return url_for("portal.bindings.show" if who.account.kind == "link" else "portal.home.show")


def next_url() -> str:
    """Return the own page that the query's or form's `next` names, else nothing: no open redirect (SEC-8)."""
    wanted = request.values.get("next", "")
    if len(wanted) > _MAX_URL_CHARACTERS or not wanted.startswith("/"):
        return ""
    try:
        parts = urlsplit(wanted)
        endpoint, _ = current_app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, ValueError):
        return ""
    return parts.path if endpoint.startswith("portal.") and endpoint != FILES and not parts.netloc else ""


def clear_form_session() -> None:
    """Begin the form cookie anew: another person's forms and messages are not this one's."""
    session.clear()
    g.pop("csrf_token", None)


def flashed_messages() -> list[tuple[str, str]]:
    """Return what the page has to tell, each sentence once. What a script asks for is not seen: it has to wait."""
    if request.headers.get("Sec-Fetch-Dest") == _FETCH_DESTINATION:
        return []
    waiting: Any = get_flashed_messages(with_categories=True)
    return list(dict.fromkeys(waiting))


def session_seconds_left() -> int:
    """Return the seconds until the session of the page ends unused."""
    left = g.principal.expires_at - ports().clock.now()
    return max(0, int(left.total_seconds()))


def template_values() -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "who": g.get("principal"),
        "links": web_context().links,
        "asset": asset,
        "messages": flashed_messages,
        "session_seconds_left": session_seconds_left,
    }

"""Pages of mailed links, whose URLs contain a token (SEC-8, VER-4)."""

from collections.abc import Callable
from functools import wraps

from flask import Response

from identity.domain.errors import (
    LinkExpired,
    LinkInvalid,
    LinkSuperseded,
    LinkUsed,
    MailboxTaken,
    Refusal,
)
from identity.domain.mail_link import Purpose
from identity.http import problems
from identity.http.portal.layout.pages import render_page

LINK_REFUSALS = (LinkInvalid, LinkExpired, LinkSuperseded, LinkUsed, MailboxTaken)

View = Callable[[], Response]


def link_page(purpose: Purpose) -> Callable[[View], View]:
    """Return a decorator for views of mailed links: a refused link gets a page with the next steps (VER-4).

    It sets Referrer-Policy, so that browsers do not send the page's URL, which contains a token (SEC-8).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper() -> Response:
            try:
                response = view()
            except LINK_REFUSALS as refusal:
                response = _refusal_page(purpose, refusal)
            response.headers["Referrer-Policy"] = "no-referrer"
            return response

        return wrapper

    return decorate


def _refusal_page(purpose: Purpose, refusal: Refusal) -> Response:
    return render_page(
        "mailed_link_refused.html",
        refusal=refusal,
        purpose=purpose,
        reason=problems.PROBLEMS[type(refusal)].code,
        sentence=problems.sentence(refusal),
    )

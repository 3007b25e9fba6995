"""Pages of mailed links, whose URLs contain a token (SEC-8, VER-4)."""

from typing import Any

from flask import Response

from identity.domain.errors import Refusal
from identity.domain.mail_link import Purpose
from identity.http import problems
from identity.http.portal.layout.pages import render_page


def without_referrer(response: Response) -> Response:
    """Keep the browser from sending the page's URL, which contains a token, in a Referer header (SEC-8)."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def render_link_page(template: str, *, status: int = 200, **values: Any) -> Response:
    return without_referrer(render_page(template, status=status, **values))


def refusal_page(purpose: Purpose, refusal: Refusal) -> Response:
    """Return the page that explains why a link was refused, with the next steps (VER-4)."""
    problem = problems.PROBLEMS[type(refusal)]
    return render_link_page(
        "link_refused.html",
        status=problem.status,
        purpose=purpose,
        reason=problem.code,
        sentence=problems.sentence(refusal),
    )

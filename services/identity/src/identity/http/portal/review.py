"""An account that waits for an operator (REV-1)."""

from flask import Blueprint, Response

from identity.http.auth import require_step
from identity.http.portal.pages import render_page

blueprint = Blueprint("review", __name__)


@blueprint.get("/review")
def show() -> Response:
    """Tell that an operator has to approve the account, and lead on once it is."""
    require_step("await_review")
    return render_page("review.html")

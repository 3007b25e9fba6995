"""An account that waits for an operator (REV-1)."""

from flask import Blueprint, Response

from identity.http.context import standing_at
from identity.http.portal.pages import page

blueprint = Blueprint("review", __name__)


@blueprint.get("/review")
def show() -> Response:
    """Tell that an operator has to approve the account, and lead on once it is."""
    standing_at("await_review")
    return page("review.html")

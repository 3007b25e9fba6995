"""The home page of a general account, to which its login and a switch lead (SW-1)."""

from flask import Blueprint, Response

from identity.domain.errors import WrongKind
from identity.http.portal.layout.pages import render_page
from identity.http.session_auth import require_principal

blueprint = Blueprint("home", __name__)


@blueprint.get("/home")
def show() -> Response:
    """Show the account, its company and links to the pass system (SW-1)."""
    if require_principal().account.kind != "general":
        raise WrongKind
    return render_page("home.html")

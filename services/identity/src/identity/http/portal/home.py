"""The home of a general account, its own or switched to: who acts for which company, and what it may do (SW-1)."""

from flask import Blueprint, Response

from identity.domain.errors import WrongKind
from identity.http.auth import require_principal
from identity.http.portal.pages import render_page

blueprint = Blueprint("home", __name__)


@blueprint.get("/home")
def show() -> Response:
    """Show who acts, and lead to the pass system."""
    who = require_principal()
    if who.account.kind != "general":
        raise WrongKind
    return render_page("home.html")

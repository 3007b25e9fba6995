"""Going on as a bound general account, and back to the link account (SW; manual, binding steps 11 to 14)."""

from uuid import UUID

from flask import Blueprint, Response

from identity.domain.errors import NotVerified, WrongKind
from identity.http.auth import require_principal
from identity.http.context import ports
from identity.http.portal import cookies
from identity.http.portal.pages import flash_refusal, redirect_to
from identity.usecases import switching

blueprint = Blueprint("switching", __name__)


@blueprint.post("/links/<uuid:binding_id>/switch")
def start(binding_id: UUID) -> Response:
    """Go on as the general account of a verified binding (SW-1)."""
    who = require_principal()
    if who.actor.kind != "link":
        raise WrongKind
    try:
        opened = switching.switch(ports(), who, str(binding_id))
    except NotVerified as refusal:
        flash_refusal(refusal)
        return redirect_to("portal.bindings.show", account=binding_id)
    return cookies.set_session_cookie(redirect_to("portal.home.show"), opened)


@blueprint.post("/links/return")
def back() -> Response:
    """Go back to the link account's list (SW-3)."""
    opened = switching.switch_back(ports(), require_principal())
    return cookies.set_session_cookie(redirect_to("portal.bindings.show"), opened)

"""The switch of a link account's session to a general account and back (SW; binding steps 11 to 14)."""

from uuid import UUID

from flask import Blueprint, Response

from identity.domain.errors import NotVerified, TooManySwitches, WrongKind
from identity.http.portal.layout.ended_logins import forget_binding, remember_binding
from identity.http.portal.layout.flash_messages import flash_refusal
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.layout.session_cookies import set_session_cookie
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.usecases import switching

blueprint = Blueprint("switching", __name__)


@blueprint.post("/links/<uuid:binding_id>/switch")
def start(binding_id: UUID) -> Response:
    """Switch the session to the general account of a verified binding (SW-1)."""
    principal = require_principal()
    if principal.actor.kind != "link":
        raise WrongKind
    try:
        issued = switching.switch(ports(), principal, str(binding_id))
    except (NotVerified, TooManySwitches) as refusal:
        flash_refusal(refusal)
        return redirect_to("portal.bindings.show", account=binding_id)
    remember_binding(str(binding_id))
    return set_session_cookie(redirect_to("portal.home.show"), issued)


@blueprint.post("/links/return")
def back() -> Response:
    """Switch the session back to the link account (SW-3)."""
    issued = switching.switch_back(ports(), require_principal())
    forget_binding()
    return set_session_cookie(redirect_to("portal.bindings.show"), issued)

"""A general account's own view of its binding (UNB-2, UNB-3; manual, unbinding by the general account)."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response

from identity.domain.errors import NotFound
from identity.domain.session import Principal
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.redirects import redirect_to
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.http.zh_tw import portal as texts
from identity.usecases import bindings

blueprint = Blueprint("own_binding", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBindingView:
    """By whom the account is bound, and since when."""

    verified: bool
    username: str
    name: str
    company: str
    requested_at: datetime
    verified_at: datetime | None


def own_binding_view(principal: Principal) -> OwnBindingView | None:
    """Return the binding of a general account, or None if it has none."""
    found = bindings.binding_of(ports(), principal) if principal.account.kind == "general" else None
    if found is None:
        return None
    binding, link = found
    return OwnBindingView(
        verified=binding.status == "verified",
        username=link.username,
        name=link.name,
        company=link.company_name,
        requested_at=binding.requested_at,
        verified_at=binding.verified_at,
    )


@blueprint.post("/profile/binding/end")
def end() -> Response:
    """End the binding, verified or not (UNB-2; manual, steps 2 to 4)."""
    try:
        bindings.unbind_from_general(ports(), require_principal("general"))
    except NotFound:
        flash_message(texts.OWN_BINDING_NONE, kind="notice")
    else:
        flash_message(texts.OWN_BINDING_REMOVED)
    return redirect_to("portal.profile.show")

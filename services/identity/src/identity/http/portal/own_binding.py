"""帳號被綁定資訊: a general account's binding, from its own side (UNB-2, UNB-3; manual, 由一般帳號自行解除)."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response

from identity.domain.errors import NotFound
from identity.domain.session import Principal
from identity.http.auth import require_principal
from identity.http.context import ports
from identity.http.portal.pages import flash_message, redirect_to
from identity.usecases import bindings

blueprint = Blueprint("own_binding", __name__)

_ENDED = "帳號解除綁定成功！！"
_NONE = "此帳號目前未被綁定，不需解除"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBindingView:
    """By whom the account is bound, and since when."""

    verified: bool
    username: str
    name: str
    company: str
    asked_at: datetime
    verified_at: datetime | None


def own_binding_view(who: Principal) -> OwnBindingView | None:
    """Return what a general account's page shows of its binding; nothing where it has none."""
    found = bindings.binding_of(ports(), who) if who.account.kind == "general" else None
    if found is None:
        return None
    binding, link = found
    return OwnBindingView(
        verified=binding.status == "verified",
        username=link.username,
        name=link.name,
        company=link.company_name,
        asked_at=binding.requested_at,
        verified_at=binding.verified_at,
    )


@blueprint.post("/profile/binding/end")
def end() -> Response:
    """End the binding, verified or not (UNB-2; manual, steps 2 to 4)."""
    try:
        bindings.unbind_from_general(ports(), require_principal("general"))
    except NotFound:
        flash_message(_NONE, kind="notice")
    else:
        flash_message(_ENDED)
    return redirect_to("portal.profile.show")

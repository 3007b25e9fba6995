"""The page of the link that verifies a mailbox. Opening the page changes nothing; its button does (VER-2, SEC-4).

The button's form redirects to the link's own URL, which then shows the result, so that reloading repeats nothing. The
form session does not contain the token; it contains the purpose for which this browser has just verified a mailbox.
"""

from flask import Blueprint, Response, request, session
from port_runtime.mailbox_mask import masked_mailbox

from identity.domain.account import Account
from identity.domain.mail_link import Purpose
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.ended_logins import remember_login
from identity.http.portal.layout.mailed_link_pages import link_page
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.session_auth import optional_principal
from identity.http.web_context import ports
from identity.usecases import verification

blueprint = Blueprint("verification_link", __name__)

_JUST_VERIFIED = "just_proven"
_ENDPOINTS = {
    Purpose.REGISTRATION: "portal.verification_link.verify_page",
    Purpose.EMAIL_CHANGE: "portal.verification_link.change_page",
}


@blueprint.get("/email/verify")
@link_page(Purpose.REGISTRATION)
def verify_page() -> Response:
    """Show the button that verifies a registration's mailbox, or the result."""
    return _show()


@blueprint.get("/email/change")
@link_page(Purpose.EMAIL_CHANGE)
def change_page() -> Response:
    """Show the button that verifies a new mailbox, or the result."""
    return _show()


@blueprint.post("/email/verify")
@redisplay_with(verify_page)
@link_page(Purpose.REGISTRATION)
def verify() -> Response:
    return _confirm()


@blueprint.post("/email/change")
@redisplay_with(change_page)
@link_page(Purpose.EMAIL_CHANGE)
def change() -> Response:
    """Verify a new mailbox, which replaces the old mailbox."""
    return _confirm()


def _show() -> Response:
    token = request.values.get("token", "")
    preview = verification.preview(ports(), token)
    just_verified = session.pop(_JUST_VERIFIED, None) == preview.purpose
    if preview.already:
        return render_page(
            "mailed_link_done.html",
            confirmation=preview,
            repeated=not just_verified,
            own_email=preview.account.email if _is_own(preview.account) else None,
            email=masked_mailbox(preview.account.email),
        )
    changing = preview.purpose is Purpose.EMAIL_CHANGE
    email = preview.account.pending_email if changing else preview.account.email
    return render_page(
        "mailed_link_confirm.html", confirmation=preview, token=token, email=masked_mailbox(email or "")
    )


def _is_own(account: Account) -> bool:
    """Return whether this browser is logged in to the account and not switched."""
    principal = optional_principal()
    return principal is not None and not principal.switched and principal.account.id == account.id


def _confirm() -> Response:
    token = request.form.get("token", "")
    principal = optional_principal()
    confirmation = verification.confirm(ports(), token, principal=principal)
    if not confirmation.already:
        session[_JUST_VERIFIED] = confirmation.purpose
        if principal is not None and principal.actor.id == confirmation.account.id:
            remember_login(confirmation.account.id)  # this session continues, so the change did not end it
    return redirect_to(_ENDPOINTS[confirmation.purpose], token=token)

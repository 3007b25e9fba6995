"""The page behind the link that proves a mailbox: opening it changes nothing, its button does (VER-2, SEC-4).

Sending the button's form leads back to the link's own address, which then says that it is done: reloading repeats
nothing. The address with its token never goes into a cookie; what does is only that this browser has just done it.
"""

from flask import Blueprint, Response, request, session

from identity.domain.errors import LinkExpired, LinkInvalid, LinkSuperseded, MailboxTaken
from identity.domain.link import Purpose
from identity.domain.person import masked_email
from identity.http.context import ports
from identity.http.portal.failures import redisplay_with
from identity.http.portal.link_pages import refusal_page, render_link_page, without_referrer
from identity.http.portal.pages import redirect_to
from identity.usecases import verification

blueprint = Blueprint("mail_links", __name__)

_JUST_DONE = "just_proven"
_ENDPOINTS = {
    Purpose.REGISTRATION: "portal.mail_links.verify_page",
    Purpose.EMAIL_CHANGE: "portal.mail_links.change_page",
}


@blueprint.get("/email/verify")
def verify_page() -> Response:
    """Show the button that verifies a registration's mailbox, or that it is done."""
    return _show(Purpose.REGISTRATION)


@blueprint.get("/email/change")
def change_page() -> Response:
    """Show the button that puts a new mailbox in place, or that it is done."""
    return _show(Purpose.EMAIL_CHANGE)


def _verify_again() -> Response:
    return _show(Purpose.REGISTRATION)


def _change_again() -> Response:
    return _show(Purpose.EMAIL_CHANGE)


@blueprint.post("/email/verify")
@redisplay_with(_verify_again)
def verify() -> Response:
    """Verify a registration's mailbox."""
    return _confirm(Purpose.REGISTRATION)


@blueprint.post("/email/change")
@redisplay_with(_change_again)
def change() -> Response:
    """Put a new mailbox in place."""
    return _confirm(Purpose.EMAIL_CHANGE)


def _show(expected: Purpose) -> Response:
    """Show what the link would do; `expected` is what its address says, where the link itself cannot be read."""
    token = request.values.get("token", "")
    try:
        seen = verification.preview(ports(), token)
    except (LinkInvalid, LinkExpired, LinkSuperseded) as refusal:
        return refusal_page(expected, refusal)
    just_done = session.pop(_JUST_DONE, None) == seen.purpose
    if seen.already:
        return render_link_page("link_done.html", done=seen, again=not just_done)
    changing = seen.purpose is Purpose.EMAIL_CHANGE
    email = seen.account.pending_email if changing else seen.account.email
    return render_link_page("link_confirm.html", asked=seen, token=token, email=masked_email(email or ""))


def _confirm(expected: Purpose) -> Response:
    token = request.form.get("token", "")
    try:
        done = verification.confirm(ports(), token)
    except (LinkInvalid, LinkExpired, LinkSuperseded, MailboxTaken) as refusal:
        return refusal_page(expected, refusal)  # nothing was changed: reloading does no harm
    if not done.already:
        session[_JUST_DONE] = done.purpose
    return without_referrer(redirect_to(_ENDPOINTS[done.purpose], token=token))

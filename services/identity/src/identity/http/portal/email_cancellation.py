"""The page of the link that cancels a mailbox change. Opening the page changes nothing; its button does (PRO-3)."""

from flask import Blueprint, Response, request, session
from port_runtime.mailbox_mask import masked_mailbox

from identity.domain.mail_link import Purpose
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.mailed_link_pages import link_page
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.web_context import ports
from identity.usecases import email_cancellation

blueprint = Blueprint("email_cancellation", __name__)

_JUST_RESTORED = "email_just_restored"


@blueprint.get("/email/cancel")
@link_page(Purpose.EMAIL_CANCEL)
def show() -> Response:
    """Show the button that cancels the change, or the result."""
    token = request.values.get("token", "")
    preview = email_cancellation.preview(ports(), token)
    restored = session.pop(_JUST_RESTORED, False)
    if preview.already:
        email = masked_mailbox(preview.account.email)
        return render_page("email_cancelled.html", account=preview.account, email=email, restored=restored)
    email = masked_mailbox(preview.email)
    return render_page("email_cancellation.html", cancellation=preview, token=token, email=email)


@blueprint.post("/email/cancel")
@redisplay_with(show)
@link_page(Purpose.EMAIL_CANCEL)
def cancel() -> Response:
    """Cancel the change, or restore the mailbox from before it, and end all sessions."""
    token = request.form.get("token", "")
    cancellation = email_cancellation.cancel(ports(), token)
    if cancellation.restores:
        session[_JUST_RESTORED] = True
    return redirect_to("portal.email_cancellation.show", token=token)

"""The pages of an account that cannot be used yet: unverified (VER-5, VER-6) or awaiting review (REV-1)."""

from flask import Blueprint, Response

from identity.domain.errors import AlreadyVerified, TooSoon
from identity.domain.rate_limits import RESEND_DAY, RESEND_GAP
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message, flash_refusal
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import landing_url, next_url, redirect_to, redirect_to_url
from identity.http.session_auth import current_principal, require_step
from identity.http.text_types import MailRefusalTexts
from identity.http.web_context import ports
from identity.http.zh_tw import portal as texts
from identity.usecases import verification
from identity.usecases.ports.request_queries import MailState

blueprint = Blueprint("verification", __name__)


@blueprint.get("/verification")
def show() -> Response:
    """Show where the mail was sent, its delivery status, and when it may be sent again."""
    status = verification.status(ports(), require_step("verify_email"))
    mail = status.mail
    return render_page(
        "verification.html",
        verification=status,
        refusal=_refusal_texts(mail) if mail and mail.state == "refused" else None,
        gap_seconds=int(RESEND_GAP.window.total_seconds()),
        daily_limit=RESEND_DAY.max_count,
    )


def _refusal_texts(mail: MailState) -> MailRefusalTexts:
    """Return the texts of a refused mail; the mail server's own words are for operators (VER-6)."""
    known = {**texts.REFUSED_BY_MAIL_SERVER, **texts.NEVER_SENT}
    return known.get(mail.category or "", texts.REFUSED_OTHERWISE)


@blueprint.post("/verification/mail")
@redisplay_with(show)
def resend() -> Response:
    """Mail the link again (VER-5)."""
    try:
        verification.resend(ports(), current_principal())
    except TooSoon as refusal:
        flash_refusal(refusal)
    except AlreadyVerified as refusal:
        flash_refusal(refusal)
        return redirect_to_url(landing_url(current_principal()))
    else:
        flash_message(texts.VERIFICATION_SENT_AGAIN)
    return redirect_to("portal.verification.show", next=next_url() or None)


@blueprint.get("/review")
def review() -> Response:
    """Say that an operator has to approve the account; once approved, redirect to the next step."""
    require_step("await_review")
    return render_page("review.html")

"""An unverified account's page: the mail again, and what became of it (VER-5, VER-6)."""

from flask import Blueprint, Response

from identity.domain.errors import AlreadyVerified, TooSoon
from identity.domain.rate_limits import RESEND_DAY, RESEND_GAP
from identity.http.auth import current_principal, require_step
from identity.http.context import ports
from identity.http.portal.failures import redisplay_with
from identity.http.portal.mail_status import describe_refusal
from identity.http.portal.pages import flash_message, flash_refusal, redirect_to, render_page
from identity.usecases import verification

blueprint = Blueprint("verification", __name__)


@blueprint.get("/verification")
def show() -> Response:
    """Show where the mail went, what became of it, and when it may be sent again."""
    who = require_step("verify_email")
    progress = verification.status(ports(), who)
    mail = progress.mail
    return render_page(
        "verification.html",
        progress=progress,
        refusal=describe_refusal(mail) if mail and mail.state == "refused" else None,
        gap=int(RESEND_GAP.window.total_seconds()),
        daily_limit=RESEND_DAY.max_count,
    )


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
        return redirect_to("portal.login.show")
    else:
        flash_message("驗證信已重新申請寄送，請收取最新一封驗證信！先前郵件中的連結已失效。")
    return redirect_to("portal.verification.show")

"""An unverified account's page: the mail again, and what became of it (VER-5, VER-6)."""

from flask import Blueprint, Response

from identity.domain.errors import AlreadyVerified, TooSoon
from identity.domain.limits import RESEND_DAY, RESEND_GAP
from identity.http.context import ports, standing, standing_at
from identity.http.portal.failures import shown_again_by
from identity.http.portal.mail_words import refusal_of
from identity.http.portal.pages import go_to, page, tell, tell_refusal
from identity.usecases import verification

blueprint = Blueprint("verification", __name__)


@blueprint.get("/verification")
def show() -> Response:
    """Show where the mail went, what became of it, and when it may be sent again."""
    who = standing_at("verify_email")
    progress = verification.progress(ports(), who)
    mail = progress.mail
    return page(
        "verification.html",
        progress=progress,
        refusal=refusal_of(mail) if mail and mail.state == "refused" else None,
        gap=int(RESEND_GAP.window.total_seconds()),
        most=RESEND_DAY.most,
    )


@blueprint.post("/verification/mail")
@shown_again_by(show)
def resend() -> Response:
    """Mail the link again (VER-5)."""
    try:
        verification.resend(ports(), standing())
    except TooSoon as refusal:
        tell_refusal(refusal)
    except AlreadyVerified as refusal:
        tell_refusal(refusal)
        return go_to("portal.login.show")
    else:
        tell("驗證信已重新申請寄送，請收取最新一封驗證信！先前郵件中的連結已失效。")
    return go_to("portal.verification.show")

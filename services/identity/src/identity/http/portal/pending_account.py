"""Pages of accounts that are unverified (VER-5, VER-6), await review (REV-1) or were rejected (REV-3)."""

from flask import Blueprint, Response

from identity.domain.errors import (
    AlreadyVerified,
    BadPassword,
    Busy,
    InvalidValue,
    NotSignedIn,
    Refusal,
    TooManyChecks,
    TooSoon,
)
from identity.domain.mailbox import parse_mailbox
from identity.domain.mailbox_typos import likely_mailbox
from identity.domain.rate_limits import RESEND_DAY, RESEND_GAP
from identity.domain.session import Principal
from identity.http.field_errors import field_error_sentence
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message, flash_refusal
from identity.http.portal.layout.forms import Form, SecretField, TextField
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import landing_url, redirect_to, redirect_to_url
from identity.http.portal.layout.times import duration
from identity.http.session_auth import current_principal, rejection, require_step
from identity.http.text_types import MailRefusalTexts
from identity.http.web_context import ports, web_context
from identity.http.zh_tw import forms as labels
from identity.http.zh_tw import portal as texts
from identity.usecases import verification
from identity.usecases.ports.principal_queries import MailState

blueprint = Blueprint("pending_account", __name__)


class MailboxForm(Form):
    email = TextField(
        labels.CORRECT_EMAIL, parse_mailbox, suggest=likely_mailbox, autocomplete="email", inputmode="email"
    )
    password = SecretField(
        labels.CORRECT_EMAIL_PASSWORD, refusals=(BadPassword,), autocomplete="current-password"
    )


@blueprint.get("/verification")
def show() -> Response:
    """Show the mailbox, the mail's delivery status, and when another mail may be requested."""
    return _show(MailboxForm.from_request())


def _show(form: MailboxForm, refusal: Refusal | None = None, *, error: str = "") -> Response:
    status = verification.status(ports(), require_step("verify_email"))
    mail = status.mail
    return render_page(
        "verification.html",
        refusal=refusal,
        form=form,
        error=error or form.add_refusal(refusal),
        verification=status,
        mail_refusal=_refusal_texts(mail) if mail and mail.state == "refused" else None,
        gap_seconds=int(RESEND_GAP.window.total_seconds()),
        daily_limit=RESEND_DAY.max_count,
    )


def _refusal_texts(mail: MailState) -> MailRefusalTexts:
    """Return the texts for a refused mail. Only operators see the mail server's reply (VER-6)."""
    known = {**texts.REFUSED_BY_MAIL_SERVER, **texts.NEVER_SENT}
    return known.get(mail.category or "", texts.REFUSED_OTHERWISE)


@blueprint.post("/verification/mail")
@redisplay_with(show)
def resend() -> Response:
    """Mail a new verification link (VER-5)."""
    try:
        verification.resend(ports(), current_principal())
    except TooSoon as refusal:
        flash_refusal(refusal)
    except AlreadyVerified as refusal:
        flash_refusal(refusal)
        return redirect_to_url(landing_url(current_principal()))
    else:
        flash_message(texts.VERIFICATION_SENT_AGAIN)
    return redirect_to("portal.pending_account.show")


@blueprint.post("/verification/mailbox")
@redisplay_with(show)
def correct() -> Response:
    """Correct the mailbox, and mail a new link to it (VER-8)."""
    principal, form = require_step("verify_email"), MailboxForm.from_request()
    if not form.validate():
        return _show(form)
    try:
        verification.correct_mailbox(
            ports(), principal, email=form.email.parsed, password=form.password.data or ""
        )
    except InvalidValue as refusal:
        form.add_error("email", field_error_sentence(refusal))
        return _show(form)
    except TooSoon as refusal:
        return _show(form, refusal, error=_too_soon(principal, refusal))
    except (BadPassword, TooManyChecks, Busy) as refusal:
        return _show(form, refusal)
    flash_message(texts.MAILBOX_CORRECTED.format(email=form.email.parsed))
    return redirect_to("portal.pending_account.show")


def _too_soon(principal: Principal, refusal: TooSoon) -> str:
    """Return the message for a wait that applies to any mailbox of the account, or only to the submitted mailbox."""
    wait_seconds = verification.status(ports(), principal).correction_wait_seconds
    if refusal.retry_after_seconds <= wait_seconds:
        return texts.MAILED_TOO_SOON
    return texts.MAILBOX_MAILED_TOO_SOON.format(wait=duration(refusal.retry_after_seconds))


@blueprint.get("/verification/mailbox")
def reopen() -> Response:
    """Redirect to the page if the form's URL is opened directly."""
    return redirect_to("portal.pending_account.show")


@blueprint.post("/verification/mailbox/check")
def check() -> Response:
    """Return the form's errors to the script (REG-11)."""
    require_step("verify_email")
    return MailboxForm.from_request().check_response()


@blueprint.get("/review")
def review() -> Response:
    """Show that the account awaits review or was rejected (REV-3)."""
    try:
        require_step("await_review")
    except NotSignedIn:
        rejected = rejection()
        if rejected is None:
            raise
        return render_page("rejected.html", reason=rejected.reason)
    now, days = ports().clock.now(), web_context().review_days
    return render_page("awaiting_review.html", looked_up_at=now, review_days=days)

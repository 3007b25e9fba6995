"""Pages for a forgotten password: the request for a mail, and the page of the mailed link (LOGIN-8)."""

from flask import Blueprint, Response, request

from identity.domain.account import Account
from identity.domain.errors import (
    Busy,
    LinkExpired,
    LinkInvalid,
    LinkSuperseded,
    LinkUsed,
    PasswordReused,
)
from identity.domain.mail_link import Purpose
from identity.domain.mailbox import parse_mailbox
from identity.http import problems
from identity.http.client_info import client_info
from identity.http.device_cookies import remember_device
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.forms import Form, TextField
from identity.http.portal.layout.link_pages import refusal_page, render_link_page
from identity.http.portal.layout.pages import render_page, with_refusal_status
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.password import NewPasswordForm
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.usecases import password_reset

blueprint = Blueprint("password_reset", __name__)

_LINK_REFUSALS = (LinkInvalid, LinkExpired, LinkSuperseded, LinkUsed)


class ForgottenForm(Form):
    username = TextField(labels.FORGOTTEN_USERNAME, max_length=64, autocomplete="username")
    email = TextField(labels.FORGOTTEN_EMAIL, parse_mailbox, autocomplete="email", inputmode="email")


@blueprint.get("/password/forgotten")
def show() -> Response:
    return render_page("password_forgotten.html", form=ForgottenForm())


def _redisplay() -> Response:
    return render_page("password_forgotten.html", form=ForgottenForm.from_request())


@blueprint.post("/password/forgotten")
@redisplay_with(_redisplay)
def request_mail() -> Response:
    """Mail a link if username and mailbox match; the response is the same if they do not."""
    form = ForgottenForm.from_request()
    if not form.validate():
        return render_page("password_forgotten.html", form=form, status=422)
    password_reset.request_reset(
        ports(), username=form.username.parsed, email=form.email.parsed, client=client_info()
    )
    return redirect_to("portal.password_reset.requested")


@blueprint.get("/password/forgotten/sent")
def requested() -> Response:
    """Show the next steps, which do not depend on the result."""
    return render_page("password_forgotten_requested.html")


@blueprint.get("/password/reset")
def reset_page() -> Response:
    token = request.values.get("token", "")
    try:
        owner = password_reset.preview(ports(), token)
    except _LINK_REFUSALS as refusal:
        return refusal_page(Purpose.PASSWORD_RESET, refusal)
    return _show(token, NewPasswordForm(owner=owner), owner)


def _show(
    token: str, form: NewPasswordForm, owner: Account, *, error: str = "", status: int = 200
) -> Response:
    return render_link_page(
        "password_reset.html", status=status, token=token, form=form, owner=owner, error=error
    )


@blueprint.post("/password/reset")
@redisplay_with(reset_page)
def reset() -> Response:
    """Set the new password, which ends all sessions, and issue a device cookie (UNB-5, SEC-3)."""
    token = request.form.get("token", "")
    try:
        owner = password_reset.preview(ports(), token)
        return _reset(token, owner, NewPasswordForm.from_request(owner=owner))
    except _LINK_REFUSALS as refusal:
        return refusal_page(Purpose.PASSWORD_RESET, refusal)


def _reset(token: str, owner: Account, form: NewPasswordForm) -> Response:
    if not form.validate():
        return _show(token, form, owner, status=422)
    try:
        device = password_reset.reset(ports(), token, password=form.password.data or "")
    except PasswordReused as refusal:
        form.add_error("password", problems.sentence(refusal))
        return with_refusal_status(_show(token, form, owner), refusal)
    except Busy as refusal:
        page = _show(token, form, owner, error=problems.sentence(refusal))
        return with_refusal_status(page, refusal)
    return remember_device(redirect_to("portal.password_reset.reset_done", kind=owner.kind), device)


@blueprint.post("/password/reset/check")
def check() -> Response:
    """Return the form's errors to the script, without using the link (REG-11)."""
    try:
        owner = password_reset.preview(ports(), request.form.get("token", ""))
    except _LINK_REFUSALS:
        return NewPasswordForm.from_request().check_response()
    return NewPasswordForm.from_request(owner=owner).check_response()


@blueprint.get("/password/reset/done")
def reset_done() -> Response:
    """Confirm the new password on a page without the link's token, so that reloading repeats nothing."""
    return render_page("password_reset_done.html", kind=request.args.get("kind"))

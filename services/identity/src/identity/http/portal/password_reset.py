"""Pages for a forgotten password: the request for a mail, and the page of the mailed link (LOGIN-8)."""

from flask import Blueprint, Response, request

from identity.domain.account import Account
from identity.domain.errors import Busy, PasswordReused, Refusal
from identity.domain.mail_link import Purpose
from identity.domain.mailbox import parse_mailbox
from identity.http.client_info import client_info
from identity.http.device_cookies import remember_device
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.forms import Form, TextField
from identity.http.portal.layout.mailed_link_pages import LINK_REFUSALS, link_page
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.password import NewPasswordForm
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.usecases import password_reset

blueprint = Blueprint("password_reset", __name__)


class ForgottenForm(Form):
    username = TextField(labels.FORGOTTEN_USERNAME, max_length=64, autocomplete="username")
    email = TextField(labels.FORGOTTEN_EMAIL, parse_mailbox, autocomplete="email", inputmode="email")


@blueprint.get("/password/forgotten")
def show() -> Response:
    return _show_request(ForgottenForm.from_request())


def _show_request(form: ForgottenForm) -> Response:
    return render_page("password_forgotten.html", form=form)


@blueprint.post("/password/forgotten")
@redisplay_with(show)
def request_mail() -> Response:
    """Mail a link if username and mailbox match; the response is the same if they do not."""
    form = ForgottenForm.from_request()
    if not form.validate():
        return _show_request(form)
    password_reset.request_reset(
        ports(), username=form.username.parsed, email=form.email.parsed, client=client_info()
    )
    return redirect_to("portal.password_reset.requested")


@blueprint.get("/password/forgotten/sent")
def requested() -> Response:
    """Show the next steps, which do not depend on the result."""
    return render_page("password_forgotten_requested.html")


@blueprint.get("/password/reset")
@link_page(Purpose.PASSWORD_RESET)
def reset_page() -> Response:
    token = request.values.get("token", "")
    owner = password_reset.preview(ports(), token)
    return _show(token, NewPasswordForm(owner=owner), owner)


def _show(token: str, form: NewPasswordForm, owner: Account, refusal: Refusal | None = None) -> Response:
    error = form.add_refusal(refusal)
    return render_page(
        "password_reset.html", refusal=refusal, token=token, form=form, owner=owner, error=error
    )


@blueprint.post("/password/reset")
@redisplay_with(reset_page)
@link_page(Purpose.PASSWORD_RESET)
def reset() -> Response:
    """Set the new password, which ends all sessions, and issue a device cookie (UNB-5, SEC-3)."""
    token = request.form.get("token", "")
    owner = password_reset.preview(ports(), token)
    form = NewPasswordForm.from_request(owner=owner)
    if not form.validate():
        return _show(token, form, owner)
    try:
        device = password_reset.reset(ports(), token, password=form.password.data or "")
    except (PasswordReused, Busy) as refusal:
        return _show(token, form, owner, refusal)
    return remember_device(redirect_to("portal.password_reset.reset_done", kind=owner.kind), device)


@blueprint.post("/password/reset/check")
def check() -> Response:
    """Return the form's errors to the script, without using the link (REG-11)."""
    try:
        owner = password_reset.preview(ports(), request.form.get("token", ""))
    except LINK_REFUSALS:
        return NewPasswordForm.from_request().check_response()
    return NewPasswordForm.from_request(owner=owner).check_response()


@blueprint.get("/password/reset/done")
def reset_done() -> Response:
    """Confirm the new password on a page without the link's token, so that reloading repeats nothing."""
    return render_page("password_reset_done.html", kind=request.args.get("kind"))

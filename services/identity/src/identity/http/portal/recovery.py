"""忘記密碼: asking for the mail, and the page behind its link (LOGIN-8)."""

from flask import Blueprint, Response, request

from identity.domain import person
from identity.domain.account import Account
from identity.domain.errors import (
    Busy,
    LinkExpired,
    LinkInvalid,
    LinkSuperseded,
    LinkUsed,
    PasswordReused,
)
from identity.domain.link import Purpose
from identity.http import problems
from identity.http.client_address import client_info
from identity.http.context import ports
from identity.http.device_cookies import remember_device
from identity.http.portal.failures import redisplay_with
from identity.http.portal.forms import Form, TextField
from identity.http.portal.link_pages import refusal_page, render_link_page
from identity.http.portal.new_password import NewPasswordForm
from identity.http.portal.pages import redirect_to, render_page, with_refusal_status
from identity.usecases import recovery

blueprint = Blueprint("recovery", __name__)

_OF_LINK = (LinkInvalid, LinkExpired, LinkSuperseded, LinkUsed)


class ForgottenForm(Form):
    """Account and mailbox."""

    username = TextField("帳號", hint="註冊時自行設定的帳號", max_length=64, autocomplete="username")
    email = TextField(
        "Email",
        person.parse_email,
        hint="此帳號登記的 Email",
        autocomplete="email",
        inputmode="email",
    )


@blueprint.get("/password/forgotten")
def show() -> Response:
    """Ask for account and mailbox."""
    return render_page("recovery.html", form=ForgottenForm())


def _again() -> Response:
    return render_page("recovery.html", form=ForgottenForm.from_request())


@blueprint.post("/password/forgotten")
@redisplay_with(_again)
def ask() -> Response:
    """Mail a link if account and mailbox match; the answer never tells."""
    form = ForgottenForm.from_request()
    if not form.validate():
        return render_page("recovery.html", form=form, status=422)
    recovery.request_reset(
        ports(), username=form.username.parsed, email=form.email.parsed, client=client_info()
    )
    return redirect_to("portal.recovery.asked")


@blueprint.get("/password/forgotten/sent")
def asked() -> Response:
    """Say what happens next, the same to everybody."""
    return render_page("recovery_asked.html")


@blueprint.get("/password/reset")
def reset_page() -> Response:
    """Ask for the new password."""
    return _ask()


def _ask() -> Response:
    token = request.values.get("token", "")
    try:
        owner = recovery.preview(ports(), token)
    except _OF_LINK as refusal:
        return refusal_page(Purpose.PASSWORD_RESET, refusal)
    return _show(token, NewPasswordForm.for_owner(owner), owner.username)


def _show(
    token: str, form: NewPasswordForm, username: str, *, fault: str = "", status: int = 200
) -> Response:
    return render_link_page(
        "recovery_reset.html", status=status, token=token, form=form, username=username, fault=fault
    )


@blueprint.post("/password/reset")
@redisplay_with(_ask)
def reset() -> Response:
    """Set the new password; this browser is then known to the account (SEC-3)."""
    token = request.form.get("token", "")
    try:
        owner = recovery.preview(ports(), token)
        return _set(token, owner, NewPasswordForm.from_request(owner=owner))
    except _OF_LINK as refusal:
        return refusal_page(Purpose.PASSWORD_RESET, refusal)


def _set(token: str, owner: Account, form: NewPasswordForm) -> Response:
    if not form.validate():
        return _show(token, form, owner.username, status=422)
    try:
        device = recovery.reset(ports(), token, password=form.password.data or "")
    except PasswordReused as refusal:
        form.add_error("password", problems.sentence(refusal))
        return _show(token, form, owner.username, status=422)
    except Busy as refusal:
        return with_refusal_status(
            _show(token, form, owner.username, fault=problems.sentence(refusal)), refusal
        )
    return remember_device(redirect_to("portal.recovery.reset_done"), device)


@blueprint.post("/password/reset/check")
def check() -> Response:
    """Tell what is wrong with the new password so far; the link is only looked at (REG-11)."""
    try:
        owner = recovery.preview(ports(), request.form.get("token", ""))
    except _OF_LINK:
        return NewPasswordForm.from_request().errors_response()
    return NewPasswordForm.from_request(owner=owner).errors_response()


@blueprint.get("/password/reset/done")
def reset_done() -> Response:
    """Say that the new password holds. The link is left behind: reloading repeats nothing."""
    return render_page("recovery_done.html")

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
from identity.http.context import client, ports
from identity.http.devices import remember_device
from identity.http.portal.failures import shown_again_by
from identity.http.portal.forms import Form, TextField
from identity.http.portal.link_pages import link_page, refused
from identity.http.portal.new_password import NewPasswordForm
from identity.http.portal.pages import go_to, page, with_status_of
from identity.usecases import recovery

blueprint = Blueprint("recovery", __name__)

_OF_LINK = (LinkInvalid, LinkExpired, LinkSuperseded, LinkUsed)


class ForgottenForm(Form):
    """Account and mailbox."""

    username = TextField("帳號", hint="註冊時自行設定的帳號", most=64, autocomplete="username")
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
    return page("recovery.html", form=ForgottenForm())


def _again() -> Response:
    return page("recovery.html", form=ForgottenForm.sent())


@blueprint.post("/password/forgotten")
@shown_again_by(_again)
def ask() -> Response:
    """Mail a link if account and mailbox match; the answer never tells."""
    form = ForgottenForm.sent()
    if not form.validate():
        return page("recovery.html", form=form, status=422)
    recovery.request_reset(ports(), username=form.username.parsed, email=form.email.parsed, client=client())
    return go_to("portal.recovery.asked")


@blueprint.get("/password/forgotten/sent")
def asked() -> Response:
    """Say what happens next, the same to everybody."""
    return page("recovery_asked.html")


@blueprint.get("/password/reset")
def reset_page() -> Response:
    """Ask for the new password."""
    return _ask()


def _ask() -> Response:
    token = request.values.get("token", "")
    try:
        owner = recovery.look(ports(), token)
    except _OF_LINK as refusal:
        return refused(Purpose.PASSWORD_RESET, refusal)
    return _show(token, NewPasswordForm.of(owner), owner.username)


def _show(
    token: str, form: NewPasswordForm, username: str, *, fault: str = "", status: int = 200
) -> Response:
    return link_page(
        "recovery_reset.html", status=status, token=token, form=form, username=username, fault=fault
    )


@blueprint.post("/password/reset")
@shown_again_by(_ask)
def reset() -> Response:
    """Set the new password; this browser is then known to the account (SEC-3)."""
    token = request.form.get("token", "")
    try:
        owner = recovery.look(ports(), token)
        return _set(token, owner, NewPasswordForm.sent(owner=owner))
    except _OF_LINK as refusal:
        return refused(Purpose.PASSWORD_RESET, refusal)


def _set(token: str, owner: Account, form: NewPasswordForm) -> Response:
    if not form.validate():
        return _show(token, form, owner.username, status=422)
    try:
        device = recovery.reset(ports(), token, password=form.password.data or "")
    except PasswordReused as refusal:
        form.refuse("password", problems.sentence_of(refusal))
        return _show(token, form, owner.username, status=422)
    except Busy as refusal:
        return with_status_of(
            _show(token, form, owner.username, fault=problems.sentence_of(refusal)), refusal
        )
    return remember_device(go_to("portal.recovery.reset_done"), device)


@blueprint.post("/password/reset/check")
def check() -> Response:
    """Tell what is wrong with the new password so far; the link is only looked at (REG-11)."""
    try:
        owner = recovery.look(ports(), request.form.get("token", ""))
    except _OF_LINK:
        return NewPasswordForm.sent().judged()
    return NewPasswordForm.sent(owner=owner).judged()


@blueprint.get("/password/reset/done")
def reset_done() -> Response:
    """Say that the new password holds. The link is left behind: reloading repeats nothing."""
    return page("recovery_done.html")

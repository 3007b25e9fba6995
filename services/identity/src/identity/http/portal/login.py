"""通行證系統登入作業: logging in and out (LOGIN; manual, step 18)."""

from flask import Blueprint, Response, request

from identity.domain.errors import AccountSuspended, BadCredentials, Busy, Locked, Refusal
from identity.http import problems
from identity.http.auth import current_principal, optional_principal
from identity.http.client_address import client_info
from identity.http.context import ports
from identity.http.portal import cookies
from identity.http.portal.failures import redisplay_with
from identity.http.portal.forms import Form, SecretField, TextField
from identity.http.portal.pages import (
    flash_message,
    landing_url,
    next_url,
    redirect_to,
    redirect_to_url,
    render_page,
    with_refusal_status,
)
from identity.usecases import login, sessions

blueprint = Blueprint("login", __name__)


_ENDED = {
    "session": "登入已逾時或已登出，請重新登入",
    "unsaved": "登入已逾時或已登出，剛才的內容尚未儲存，請重新登入",
}
"""What a request without its session is told here."""


class LoginForm(Form):
    """Account and password."""

    username = TextField("使用者帳號", max_length=64, autocomplete="username")
    password = SecretField("使用者密碼", autocomplete="current-password")


def _show(form: LoginForm, *, fault: str = "", status: int = 200) -> Response:
    return render_page("login.html", status=status, form=form, fault=fault, wanted=next_url())


@blueprint.get("/")
def show() -> Response:
    """Show the login form, or go where the session goes on."""
    who = optional_principal()
    if who is None:
        sentence = _ENDED.get(request.args.get("ended", ""))
        if sentence:
            flash_message(sentence, kind="notice")
        return _show(LoginForm())
    return redirect_to_url(landing_url(who))


def _again() -> Response:
    return _show(LoginForm.from_request())


@blueprint.post("/")
@redisplay_with(_again)
def log_in() -> Response:
    """Log in (LOGIN-1, LOGIN-4)."""
    form, former = LoginForm.from_request(), optional_principal()
    if not form.validate():
        return _show(form, status=422)
    try:
        opened = login.log_in(
            ports(), form.username.data or "", password=form.password.data or "", client=client_info()
        )
    except (BadCredentials, Locked, AccountSuspended, Busy) as refusal:
        return _refused(form, refusal)
    if former is not None:
        sessions.log_out(
            ports(), former
        )  # the browser forgets its token, so nobody could end it any more (SEC-7)
    who = opened.principal
    address = landing_url(who) if who.next_step else next_url() or landing_url(who)
    return cookies.set_login_cookies(redirect_to_url(address), opened)


def _refused(form: LoginForm, refusal: Refusal) -> Response:
    return with_refusal_status(_show(form, fault=problems.sentence(refusal)), refusal)


@blueprint.post("/logout")
def log_out() -> Response:
    """End the session at once, the link account's with it (LOGIN-6)."""
    sessions.log_out(ports(), current_principal())
    return cookies.clear_session_cookie(redirect_to("portal.login.show"))

"""The login page, and the logout (LOGIN; manual, step 18)."""

from collections.abc import Callable

from flask import Blueprint, Response, request, url_for

from identity.domain.errors import AccountSuspended, BadCredentials, Busy, Locked, Refusal, ReviewRejected
from identity.domain.session import Principal
from identity.http.client_info import client_info
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.ended_logins import ended_notice
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.forms import Form, SecretField, TextField
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import landing_url, redirect_to, redirect_to_url
from identity.http.portal.layout.session_cookies import clear_session_cookie, set_login_cookies
from identity.http.session_auth import current_principal, optional_principal
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.usecases import login, sessions

blueprint = Blueprint("login", __name__)


class LoginForm(Form):
    username = TextField(labels.LOGIN_USERNAME, max_length=64, autocomplete="username")
    password = SecretField(labels.LOGIN_PASSWORD, autocomplete="current-password")


def login_page(form: LoginForm, *, action: str, refusal: Refusal | None = None) -> Response:
    """Return the login page, whose form is sent to `action`."""
    error = form.add_refusal(refusal)
    return render_page("login.html", refusal=refusal, form=form, action=action, error=error)


@blueprint.get("/")
def show() -> Response:
    """Show the login form, or redirect a logged-in person to the page where the session continues."""
    principal = optional_principal()
    if principal is None:
        notice = ended_notice(request.args.get("ended", ""))
        if notice:
            flash_message(notice, kind="notice")
        return _show()
    return redirect_to_url(landing_url(principal))


def _show() -> Response:
    return login_page(LoginForm.from_request(), action=url_for("portal.login.log_in"))


@blueprint.post("/")
@redisplay_with(_show)
def log_in() -> Response:
    """Log in (LOGIN-1, LOGIN-4)."""
    return submit_login(action=url_for("portal.login.log_in"), url_of=landing_url)


def submit_login(*, action: str, url_of: Callable[[Principal], str]) -> Response:
    """Log in with the submitted form, end the browser's previous session and redirect.

    If the login is refused, show the form again, or the page of a rejected account.
    """
    form, previous = LoginForm.from_request(), optional_principal()
    if not form.validate():
        return login_page(form, action=action)
    try:
        issued = login.log_in(
            ports(), form.username.data or "", password=form.password.data or "", client=client_info()
        )
    except (BadCredentials, Locked, AccountSuspended, Busy) as refusal:
        return login_page(form, action=action, refusal=refusal)
    except ReviewRejected as refusal:
        return render_page("rejected.html", refusal=refusal, reason=refusal.reason)
    # The browser loses the previous token, so nobody could end that session later (SEC-7).
    if previous is not None:
        sessions.replace(ports(), previous, issued.principal)
    return set_login_cookies(redirect_to_url(url_of(issued.principal)), issued)


@blueprint.post("/logout")
def log_out() -> Response:
    """End the session, even if it is switched (LOGIN-6)."""
    sessions.log_out(ports(), current_principal())
    return clear_session_cookie(redirect_to("portal.login.show", ended="logout"))

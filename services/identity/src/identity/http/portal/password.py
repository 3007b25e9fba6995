"""The page to change the password (PRO-4, UNB-5), and the form for a new password, which the reset shares."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from identity.domain.account import Account
from identity.domain.errors import BadPassword, Busy, PasswordReused, Refusal, TooManyChecks
from identity.http.device_cookies import remember_device
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.forms import CheckboxField, SecretField
from identity.http.portal.layout.new_password_form import FormWithNewPassword
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.profile import own_account
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.http.zh_tw import portal as texts
from identity.usecases import bindings, profile
from identity.usecases.sessions import issue_device

blueprint = Blueprint("password", __name__)


class NewPasswordForm(FormWithNewPassword):
    """A new password of `owner`."""

    password = SecretField(labels.NEW_PASSWORD, refusals=(PasswordReused,), autocomplete="new-password")
    password_again = SecretField(labels.NEW_PASSWORD_AGAIN, autocomplete="new-password")

    def __init__(self, *args: Any, owner: Account | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._owner = owner

    @property
    def personal_terms(self) -> Sequence[str]:
        return self._owner.personal_terms if self._owner else ()


class ChangeForm(NewPasswordForm):
    """The constructor moves `current` before the inherited fields, so that errors are in the order of the page."""

    current = SecretField(
        labels.CURRENT_PASSWORD, refusals=(BadPassword, TooManyChecks), autocomplete="current-password"
    )
    end_binding = CheckboxField(labels.END_BINDING)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fields = {"current": self._fields.pop("current"), **self._fields}


def _show(form: ChangeForm, refusal: Refusal | None = None) -> Response:
    principal = require_principal()
    bound = bindings.binding_of(ports(), principal) if principal.account.kind == "general" else None
    link = bound[1] if bound else None
    error = form.add_refusal(refusal)
    return render_page("password.html", refusal=refusal, form=form, error=error, link=link)


@blueprint.get("/profile/password")
def show() -> Response:
    return _show(ChangeForm.from_request(owner=own_account()))


@blueprint.post("/profile/password")
@redisplay_with(show)
def change() -> Response:
    """Change the password, and issue a new device cookie (PRO-4, SEC-3)."""
    owner = own_account()
    had_pending_email = owner.pending_email is not None
    form = ChangeForm.from_request(owner=owner)
    if not form.validate():
        return _show(form)
    ends_binding = form.end_binding.data
    try:
        account = profile.change_password(
            ports(),
            require_principal(),
            current=form.current.data or "",
            new=form.password.data or "",
            end_binding=ends_binding,
        )
    except (BadPassword, TooManyChecks, PasswordReused, Busy) as refusal:
        return _show(form, refusal)
    flash_message(
        texts.PASSWORD_CHANGED
        + (texts.AND_BINDING_REMOVED if ends_binding else "")
        + (texts.AND_EMAIL_CHANGE_WITHDRAWN if had_pending_email else "")
    )
    return remember_device(redirect_to("portal.profile.show"), issue_device(ports(), account))


@blueprint.post("/profile/password/check")
def check() -> Response:
    """Return the form's errors. The current password is not verified."""
    return ChangeForm.from_request(owner=own_account()).check_response()


@blueprint.get("/.well-known/change-password")
def well_known() -> Response:
    """Redirect password managers to the page (W3C, "A Well-Known URL for Changing Passwords")."""
    return redirect_to("portal.password.show")

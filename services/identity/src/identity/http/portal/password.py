"""修改密碼 (PRO-4, UNB-5)."""

from typing import Any

from flask import Blueprint, Response

from identity.domain.errors import BadPassword, Busy, PasswordLocked, PasswordReused, Refusal
from identity.http import problems
from identity.http.auth import require_principal
from identity.http.context import ports
from identity.http.device_cookies import remember_device
from identity.http.portal.failures import redisplay_with
from identity.http.portal.forms import CheckboxField, SecretField
from identity.http.portal.new_password import NewPasswordForm
from identity.http.portal.pages import flash_message, redirect_to, render_page, with_refusal_status
from identity.usecases import bindings, profile
from identity.usecases.sessions import issue_device

blueprint = Blueprint("password", __name__)

_DONE = "密碼修改成功！其他登入中的裝置皆已登出"
_UNBOUND = "，鏈結帳號的綁定已解除"
_WITHDRAWN = "，待驗證的 Email 變更已取消"
_FIELD_OF: dict[type[Refusal], str] = {
    BadPassword: "current",
    PasswordLocked: "current",
    PasswordReused: "password",
}


class ChangeForm(NewPasswordForm):
    """The present password, the new one twice, and for a bound general account whether the binding ends."""

    current = SecretField("目前密碼", autocomplete="current-password")
    end_binding = CheckboxField("同時解除鏈結帳號綁定")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fields = {"current": self._fields.pop("current"), **self._fields}


def _show(form: ChangeForm, *, fault: str = "", status: int = 200) -> Response:
    who = require_principal()
    bound = bindings.binding_of(ports(), who) if who.account.kind == "general" else None
    return render_page(
        "password.html", status=status, form=form, fault=fault, link=bound[1] if bound else None
    )


@blueprint.get("/profile/password")
def show() -> Response:
    """Ask for the present password and the new one. Raises ForbiddenWhileSwitched (SW-4)."""
    return _show(ChangeForm.for_owner(profile.show(ports(), require_principal())))


def _again() -> Response:
    return _show(ChangeForm.from_request(owner=profile.show(ports(), require_principal())))


@blueprint.post("/profile/password")
@redisplay_with(_again)
def change() -> Response:
    """Change the password; every other session ends, this browser stays known (PRO-4, SEC-3)."""
    who = require_principal()
    owner = profile.show(ports(), who)
    withdraws = owner.pending_email is not None
    form = ChangeForm.from_request(owner=owner)
    if not form.validate():
        return _show(form, status=422)
    ends_binding = form.end_binding.data
    try:
        account = profile.change_password(
            ports(),
            who,
            current=form.current.data or "",
            new=form.password.data or "",
            end_binding=ends_binding,
        )
    except (BadPassword, PasswordLocked, PasswordReused, Busy) as refusal:
        return _refused(form, refusal)
    flash_message(_DONE + (_UNBOUND if ends_binding else "") + (_WITHDRAWN if withdraws else ""))
    return remember_device(redirect_to("portal.profile.show"), issue_device(ports(), account))


def _refused(form: ChangeForm, refusal: Refusal) -> Response:
    sentence = problems.sentence(refusal)
    place = _FIELD_OF.get(type(refusal))
    if place is not None:
        form.add_error(place, sentence)
    fault = "" if place else sentence
    return with_refusal_status(_show(form, fault=fault), refusal)


@blueprint.post("/profile/password/check")
def check() -> Response:
    """Tell what is wrong with the new password so far; the present one is not tried (REG-11)."""
    return ChangeForm.from_request(owner=profile.show(ports(), require_principal())).errors_response()


@blueprint.get("/.well-known/change-password")
def well_known() -> Response:
    """Lead password managers to the page (W3C, A Well-Known URL for Changing Passwords)."""
    return redirect_to("portal.password.show")

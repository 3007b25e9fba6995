"""修改密碼 (PRO-4, UNB-5)."""

from typing import Any

from flask import Blueprint, Response

from identity.domain.errors import BadPassword, Busy, PasswordLocked, PasswordReused, Refusal
from identity.http import problems
from identity.http.context import full_standing, ports
from identity.http.devices import remember_device
from identity.http.portal.failures import shown_again_by
from identity.http.portal.forms import SecretField, TickField
from identity.http.portal.new_password import NewPasswordForm
from identity.http.portal.pages import go_to, page, tell, with_status_of
from identity.usecases import profile
from identity.usecases.login import known_device

blueprint = Blueprint("password", __name__)

_DONE = "密碼修改成功！其他登入中的裝置皆已登出"
_UNBOUND = "，鏈結帳號的綁定已解除"
_WITHDRAWN = "，待驗證的 Email 變更已取消"
_PLACES: dict[type[Refusal], str] = {
    BadPassword: "current",
    PasswordLocked: "current",
    PasswordReused: "password",
}


class ChangeForm(NewPasswordForm):
    """The present password, the new one twice, and for a bound general account whether the binding ends."""

    current = SecretField("目前密碼", autocomplete="current-password")
    end_binding = TickField("同時解除鏈結帳號綁定")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fields = {"current": self._fields.pop("current"), **self._fields}


def _show(form: ChangeForm, *, fault: str = "", status: int = 200) -> Response:
    who = full_standing()
    bound = profile.binding_of(ports(), who) if who.account.kind == "general" else None
    return page("password.html", status=status, form=form, fault=fault, link=bound[1] if bound else None)


@blueprint.get("/profile/password")
def show() -> Response:
    """Ask for the present password and the new one. Raises WhileSwitched (SW-4)."""
    return _show(ChangeForm.of(profile.show(ports(), full_standing())))


def _again() -> Response:
    return _show(ChangeForm.sent(owner=profile.show(ports(), full_standing())))


@blueprint.post("/profile/password")
@shown_again_by(_again)
def change() -> Response:
    """Change the password; every other session ends, this browser stays known (PRO-4, SEC-3)."""
    who = full_standing()
    owner = profile.show(ports(), who)
    withdraws = owner.pending_email is not None
    form = ChangeForm.sent(owner=owner)
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
    tell(_DONE + (_UNBOUND if ends_binding else "") + (_WITHDRAWN if withdraws else ""))
    return remember_device(go_to("portal.profile.show"), known_device(ports(), account))


def _refused(form: ChangeForm, refusal: Refusal) -> Response:
    sentence = problems.sentence_of(refusal)
    place = _PLACES.get(type(refusal))
    if place is not None:
        form.refuse(place, sentence)
    fault = "" if place else sentence
    return with_status_of(_show(form, fault=fault), refusal)


@blueprint.post("/profile/password/check")
def check() -> Response:
    """Tell what is wrong with the new password so far; the present one is not tried (REG-11)."""
    return ChangeForm.sent(owner=profile.show(ports(), full_standing())).judged()


@blueprint.get("/.well-known/change-password")
def well_known() -> Response:
    """Lead password managers to the page (W3C, A Well-Known URL for Changing Passwords)."""
    return go_to("portal.password.show")

"""基本資料維護: one's own data (PRO; manual, 鏈結帳號資料修改)."""

import re
from typing import Any

from flask import Blueprint, Response, jsonify, request

from identity.domain.account import Account
from identity.domain.errors import (
    BadPassword,
    Busy,
    NotFound,
    PasswordLocked,
    Refusal,
    RevisionStale,
    TooSoon,
)
from identity.domain.session import Principal
from identity.http import problems
from identity.http.auth import require_principal
from identity.http.context import ports
from identity.http.portal import own_binding
from identity.http.portal.failures import redisplay_with
from identity.http.portal.pages import flash_message, redirect_to, render_page, with_refusal_status
from identity.http.portal.profile_form import ProfileForm
from identity.usecases import profile

blueprint = Blueprint("profile", __name__)

_REVISION = re.compile(r"\d{1,9}", re.ASCII)
_SAVED = "資料已儲存"
_EMAIL_ASKED = (
    "本帳號已經成功修改，為了確認 Email 帳戶的唯一性與暢通，請至您更新的 Email 信箱收取驗證信，"
    "認證信有效時限為 24 小時，驗證完成後 Email 才會完成更新！！"
)
_NOTHING_NEW = "填寫的內容與目前儲存的資料相同，沒有需要儲存的變更"
_WITHDRAWN = "已撤回 Email 變更，先前寄出的驗證信不再有效"
_NOTHING_PENDING = "目前沒有等待驗證的 Email 變更"
_FIELD_OF: dict[type[Refusal], str] = {
    BadPassword: "current_password",
    PasswordLocked: "current_password",
    TooSoon: "email",
}


def _own(who: Principal | None = None) -> Account:
    """Return the own account. Raises what bars the way to it, ForbiddenWhileSwitched before all (SW-4)."""
    return profile.show(ports(), who or require_principal())


def _show(account: Account, form: ProfileForm, *, status: int = 200, **values: Any) -> Response:
    return render_page(
        "profile.html",
        status=status,
        account=account,
        form=form,
        bound=own_binding.own_binding_view(require_principal()),
        **{"revision": account.revision, "fault": "", "differences": [], **values},
    )


@blueprint.get("/profile")
def show() -> Response:
    """Show the own data as they are saved, with what may be changed as fields (PRO-1)."""
    account = _own()
    return _show(account, ProfileForm.of(account))


def _again() -> Response:
    return _show(_own(), ProfileForm.from_request(), revision=_revision())


@blueprint.post("/profile")
@redisplay_with(_again)
def save() -> Response:
    """Save what was typed (manual, steps 6 and 7)."""
    account, form = _own(), ProfileForm.from_request()
    if not form.validate_for(account):
        return _show(account, form, status=422, revision=_revision())
    if form.changes_nothing(account):
        flash_message(_NOTHING_NEW, kind="notice")
        return redirect_to("portal.profile.show")
    try:
        _save(form)
    except (BadPassword, PasswordLocked, TooSoon, Busy, RevisionStale) as refusal:
        return _refused(form, refusal)
    flash_message(_EMAIL_ASKED if form.changes_email(account) else _SAVED)
    return redirect_to("portal.profile.show")


def _save(form: ProfileForm) -> None:
    """Save against the revision that the form was made from (PRO-5)."""
    profile.change(
        ports(),
        require_principal(),
        form.changes,
        revision=_revision(),
        current_password=form.current_password.data or None,
    )


def _revision() -> int:
    """Return the revision that the form was made from; none is ever 0, which is what another account's form has."""
    sent = request.form.get("revision", "")
    own = request.form.get("account") == str(require_principal().account.id)
    return int(sent) if own and _REVISION.fullmatch(sent) else 0


def _refused(form: ProfileForm, refusal: Refusal) -> Response:
    """Show the form again, the reason at the field it belongs to."""
    account, sentence = _own(), problems.sentence(refusal)
    if isinstance(refusal, RevisionStale):  # the person decides, and then saves against what is saved now
        return with_refusal_status(_show(account, form, differences=form.differences(account)), refusal)
    place = _FIELD_OF.get(type(refusal))
    if place is not None:
        form.add_error(place, sentence)
    return with_refusal_status(
        _show(account, form, revision=_revision(), fault="" if place else sentence), refusal
    )


@blueprint.post("/profile/check")
def check() -> Response:
    """Tell what is wrong with the fields so far, by the rules that saving goes by (REG-11)."""
    account, form = _own(), ProfileForm.from_request()
    form.validate_for(account)
    return jsonify(faults={field.name: list(field.errors) for field in form.invalid_fields})


@blueprint.post("/profile/pending-email/withdraw")
def withdraw() -> Response:
    """Withdraw the change of mailbox that is not yet proven (PRO-2)."""
    try:
        profile.withdraw_email_change(ports(), require_principal())
    except NotFound:
        flash_message(_NOTHING_PENDING, kind="notice")
    else:
        flash_message(_WITHDRAWN)
    return redirect_to("portal.profile.show")

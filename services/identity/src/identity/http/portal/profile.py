"""A person's own data, and the binding of a general account (PRO, UNB-2, UNB-3; manual, changing account data)."""

import re
from dataclasses import dataclass
from typing import Any, Self

from flask import Blueprint, Response, request

from identity.domain.account import Account
from identity.domain.errors import (
    BadPassword,
    Busy,
    NotFound,
    Refusal,
    RevisionStale,
    TooManyChanges,
    TooManyChecks,
    TooSoon,
)
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.phone import parse_mobile, parse_phone
from identity.http import problems
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.forms import Form, SecretField, TextField
from identity.http.portal.layout.mailbox_advice import mailbox_advice
from identity.http.portal.layout.pages import render_page, with_refusal_status
from identity.http.portal.layout.redirects import redirect_to
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.http.zh_tw import portal as texts
from identity.usecases import bindings, profile
from identity.usecases.profile import Changes

blueprint = Blueprint("profile", __name__)

_SAVED = ("name", "mobile", "company_phone", "email")
_REVISION = re.compile(r"\d{1,9}", re.ASCII)
_FIELD_OF: dict[type[Refusal], str] = {
    BadPassword: "current_password",
    TooManyChecks: "current_password",
    TooSoon: "email",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose typed value differs from what someone else has saved in the meantime."""

    label: str
    typed: str
    saved: str


class ProfileForm(Form):
    """What may be changed, and the current password, which a new mailbox requires (steps 2 to 5)."""

    name = TextField(labels.NAME, parse_full_name, autocomplete="name")
    mobile = TextField(labels.MOBILE, parse_mobile, input="tel", autocomplete="tel", inputmode="tel")
    company_phone = TextField(
        labels.COMPANY_PHONE, parse_phone, input="tel", autocomplete="work tel", inputmode="tel"
    )
    email = TextField(
        labels.NEW_EMAIL, parse_mailbox, advise=mailbox_advice, autocomplete="email", inputmode="email"
    )
    current_password = SecretField(labels.PASSWORD_FOR_EMAIL, autocomplete="current-password", optional=True)

    @classmethod
    def for_account(cls, account: Account) -> Self:
        """Return the form with the saved values."""
        return cls(data={name: getattr(account, name) for name in _SAVED})

    def validate_for(self, account: Account) -> bool:
        """Check every field; a new mailbox requires the current password (PRO-2)."""
        valid = self.validate()
        if self.changes_email(account) and not self.current_password.data:
            self.add_error("current_password", labels.PASSWORD_REQUIRED)
            return False
        return valid

    def changes_email(self, account: Account) -> bool:
        """Return whether the typed mailbox is valid and differs from the account's."""
        return bool(self.email.parsed) and self.email.parsed != account.email

    @property
    def changes(self) -> Changes:
        """The parsed values."""
        return Changes(**{field.name: field.parsed for field in self._text_fields})

    def differences(self, account: Account) -> list[Difference]:
        """Return the fields whose typed value is not the saved one, in the order of the page."""
        return [
            Difference(field.label.text, field.parsed, getattr(account, field.name))
            for field in self._text_fields
            if field.parsed != getattr(account, field.name)
        ]

    @property
    def _text_fields(self) -> list[TextField]:
        return [field for field in self if isinstance(field, TextField)]


def _own_account() -> Account:
    """Return the person's account. Raises ForbiddenWhileSwitched before anything else (SW-4)."""
    return profile.show(ports(), require_principal())


def _show(account: Account, form: ProfileForm, *, status: int = 200, **values: Any) -> Response:
    general = account.kind == "general"
    return render_page(
        "profile.html",
        status=status,
        account=account,
        form=form,
        bound=bindings.binding_of(ports(), require_principal()) if general else None,
        was_bound=general and bindings.was_bound(ports(), require_principal()),
        **{"revision": account.revision, "error": "", "differences": [], **values},
    )


@blueprint.get("/profile")
def show() -> Response:
    """Show the saved data, with fields for what may be changed (PRO-1)."""
    account = _own_account()
    return _show(account, ProfileForm.for_account(account))


def _redisplay() -> Response:
    return _show(_own_account(), ProfileForm.from_request(), revision=_revision())


@blueprint.post("/profile")
@redisplay_with(_redisplay)
def save() -> Response:
    """Save what was typed (manual, steps 6 and 7)."""
    account, form = _own_account(), ProfileForm.from_request()
    if not form.validate_for(account):
        return _show(account, form, status=422, revision=_revision())
    if not form.differences(account):
        flash_message(texts.PROFILE_UNCHANGED, kind="notice")
        return redirect_to("portal.profile.show")
    try:
        _save(form)
    except (BadPassword, TooManyChecks, TooManyChanges, TooSoon, Busy, RevisionStale) as refusal:
        return _show_refusal(form, refusal)
    flash_message(texts.EMAIL_CHANGE_REQUESTED if form.changes_email(account) else texts.PROFILE_SAVED)
    return redirect_to("portal.profile.show")


def _save(form: ProfileForm) -> None:
    """Save against the revision that the form was rendered from (PRO-5)."""
    profile.change(
        ports(),
        require_principal(),
        form.changes,
        revisions=frozenset({_revision()}),
        current_password=form.current_password.data or None,
    )


def _revision() -> int:
    """Return the revision that the form was rendered from, or 0, which is never valid, for another account's form."""
    sent = request.form.get("revision", "")
    own = request.form.get("account") == str(require_principal().account.id)
    return int(sent) if own and _REVISION.fullmatch(sent) else 0


def _show_refusal(form: ProfileForm, refusal: Refusal) -> Response:
    """Show the form again, with the reason at the field it belongs to."""
    account, sentence = _own_account(), problems.sentence(refusal)
    if isinstance(refusal, RevisionStale):
        # The form now has the new revision: the person compares the values and saves again.
        return with_refusal_status(_show(account, form, differences=form.differences(account)), refusal)
    field = _FIELD_OF.get(type(refusal))
    if field is not None:
        form.add_error(field, sentence)
    page = _show(account, form, revision=_revision(), error="" if field else sentence)
    return with_refusal_status(page, refusal)


@blueprint.post("/profile/check")
def check() -> Response:
    """Return what is wrong with the fields so far, by the same rules as saving (REG-11)."""
    account, form = _own_account(), ProfileForm.from_request()
    form.validate_for(account)
    return form.errors_response()


@blueprint.post("/profile/pending-email/withdraw")
def withdraw() -> Response:
    """Withdraw the change of mailbox that is not yet verified (PRO-2)."""
    try:
        profile.withdraw_email_change(ports(), require_principal())
    except NotFound:
        flash_message(texts.NO_EMAIL_CHANGE, kind="notice")
    else:
        flash_message(texts.EMAIL_CHANGE_WITHDRAWN)
    return redirect_to("portal.profile.show")


@blueprint.post("/profile/binding/end")
def unbind() -> Response:
    """End the account's binding, verified or not (UNB-2; manual, unbinding by the general account, steps 2 to 4)."""
    try:
        bindings.unbind_from_general(ports(), require_principal("general"))
    except NotFound:
        flash_message(texts.OWN_BINDING_NONE, kind="notice")
    else:
        flash_message(texts.OWN_BINDING_REMOVED)
    return redirect_to("portal.profile.show")

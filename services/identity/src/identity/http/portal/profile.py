"""The page of a person's own data and binding (PRO, UNB-2, UNB-3; manual, changing account data)."""

from collections.abc import Sequence

from flask import Blueprint, Response

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
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.profile_form import Difference, ProfileForm, Rendered
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.http.zh_tw import portal as texts
from identity.usecases import bindings, profile

blueprint = Blueprint("profile", __name__)


def own_account() -> Account:
    """Return the person's account, which a switched session must not see (SW-4)."""
    return profile.show(ports(), require_principal())


def _show(
    account: Account,
    form: ProfileForm,
    *,
    rendered: Rendered,
    refusal: Refusal | None = None,
    differences: Sequence[Difference] = (),
) -> Response:
    general = account.kind == "general"
    wait_seconds = refusal.retry_after_seconds if isinstance(refusal, TooSoon) else 0
    error = texts.MAILED_TOO_SOON if wait_seconds else form.add_refusal(refusal)
    return render_page(
        "profile.html",
        refusal=refusal,
        account=account,
        form=form,
        bound=bindings.binding_of(ports(), require_principal()) if general else None,
        was_bound=general and bindings.was_bound(ports(), require_principal()),
        rendered=rendered,
        error=error,
        wait_seconds=wait_seconds,
        differences=differences,
    )


@blueprint.get("/profile")
def show() -> Response:
    """Show the saved data, with a form for the editable fields (PRO-1)."""
    account = own_account()
    rendered = Rendered.of(account)
    return _show(account, ProfileForm(data=rendered.values), rendered=rendered)


def _redisplay() -> Response:
    return _show(own_account(), ProfileForm.from_request(), rendered=_rendered())


@blueprint.post("/profile")
@redisplay_with(_redisplay)
def save() -> Response:
    """Save the submitted values (manual, steps 6 and 7)."""
    account, form, rendered = own_account(), ProfileForm.from_request(), _rendered()
    if not form.validate_for(rendered):
        return _show(account, form, rendered=rendered)
    if not form.differences(account, rendered):
        flash_message(texts.PROFILE_UNCHANGED, kind="notice")
        return redirect_to("portal.profile.show")
    try:
        _save(form, rendered)
    except RevisionStale as refusal:
        return _show_differences(form, rendered, refusal)
    except (BadPassword, TooManyChecks, TooManyChanges, TooSoon, Busy) as refusal:
        return _show(own_account(), form, rendered=rendered, refusal=refusal)
    flash_message(texts.EMAIL_CHANGE_REQUESTED if form.changes_email(rendered) else texts.PROFILE_SAVED)
    return redirect_to("portal.profile.show")


def _save(form: ProfileForm, rendered: Rendered) -> None:
    """Save the changed fields, based on the revision from which the form was rendered (PRO-5)."""
    profile.change(
        ports(),
        require_principal(),
        form.changes(rendered),
        revisions=frozenset({rendered.revision}),
        current_password=form.current_password.data or None,
    )


def _rendered() -> Rendered:
    return Rendered.from_request(require_principal().account.id)


def _show_differences(form: ProfileForm, rendered: Rendered, refusal: RevisionStale) -> Response:
    """Let the person compare the values; the next save is based on the new revision."""
    account = own_account()
    differences = form.differences(account, rendered)
    form.keep_only(differences, account)
    return _show(account, form, rendered=Rendered.of(account), refusal=refusal, differences=differences)


@blueprint.post("/profile/check")
def check() -> Response:
    """Return the form's errors to the script (REG-11)."""
    own_account()
    form = ProfileForm.from_request()
    form.validate_for(_rendered())
    return form.errors_response()


@blueprint.post("/profile/pending-email/withdraw")
def withdraw() -> Response:
    """Withdraw the pending change of mailbox (PRO-2)."""
    try:
        profile.withdraw_email_change(ports(), require_principal())
    except NotFound:
        flash_message(texts.NO_EMAIL_CHANGE, kind="notice")
    else:
        flash_message(texts.EMAIL_CHANGE_WITHDRAWN)
    return redirect_to("portal.profile.show")


@blueprint.post("/profile/binding/end")
def unbind() -> Response:
    """End the account's binding, even if unverified (UNB-2; manual, unbinding by the general account, steps 2 to 4)."""
    try:
        bindings.unbind_from_general(ports(), require_principal("general"))
    except NotFound:
        flash_message(texts.OWN_BINDING_NONE, kind="notice")
    else:
        flash_message(texts.OWN_BINDING_REMOVED)
    return redirect_to("portal.profile.show", _anchor="binding")

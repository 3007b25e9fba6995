"""Pages of a link account's bindings (BIND, UNB-1, UNB-4; manual, step 21, binding steps 1 to 10)."""

from uuid import UUID

from flask import Blueprint, Response, request

from identity.domain.bind_code import parse_code
from identity.domain.errors import (
    AlreadyBound,
    BadCredentials,
    Busy,
    CodeExhausted,
    CodeExpired,
    CodeWrong,
    ForbiddenWhileSwitched,
    Locked,
    NotBindable,
    NotFound,
    Refusal,
    TooSoon,
)
from identity.domain.session import Principal
from identity.domain.username import username_key
from identity.http import problems
from identity.http.client_info import client_info
from identity.http.forbidden_requests import record_forbidden
from identity.http.portal.binding_rows import BindingRow, selected
from identity.http.portal.company_list import company_list
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.flash_messages import flash_message, flash_refusal
from identity.http.portal.layout.forms import Form, SecretField, TextField
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.layout.times import taipei
from identity.http.session_auth import current_principal, require_principal
from identity.http.web_context import ports
from identity.http.zh_tw import forms as labels
from identity.http.zh_tw import portal as texts
from identity.usecases import bindings

blueprint = Blueprint("bindings", __name__)

_NONE = ""
"""The value of `account` for a list without a panel, even if the list has a single row."""


class BindForm(Form):
    """A general account's username and password. The browser must not fill in those of the link account."""

    username = TextField(labels.BIND_USERNAME, max_length=64, autocomplete="off")
    password = SecretField(labels.BIND_PASSWORD, autocomplete="new-password")


class CodeForm(Form):
    """The mailed code. Full-width digits, spaces and hyphens are accepted."""

    code = TextField(
        labels.BIND_CODE, parse_code, max_length=20, autocomplete="one-time-code", inputmode="numeric"
    )

    def focus(self) -> None:
        """Focus the field. Its error is beside it, not in a summary."""
        self.code.render_kw = {**(self.code.render_kw or {}), "autofocus": True, "data-focus": True}


def _views(principal: Principal) -> list[BindingRow]:
    now = ports().clock.now()
    return [BindingRow.of(entry, now) for entry in bindings.list_bindings(ports(), principal)]


def _show(
    *,
    account: str | None = None,
    bind_form: BindForm | None = None,
    code_form: CodeForm | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """Show the page. `bind_form` opens the dialog with the submitted values, `code_form` fills the panel's form.

    The dialog shows the `refusal` of its form; the panel's form shows its own.
    """
    views = _views(require_principal("link"))
    view = selected(views, account)
    if code_form is not None:
        code_form.focus()
    return render_page(
        "bindings.html",
        refusal=refusal,
        companies=company_list(views, chosen=view),
        binding=view,
        wait_seconds=_seconds_to_resend(view),
        bind_form=bind_form or BindForm(),
        dialog_open=bind_form is not None,
        code_form=code_form or CodeForm(),
        error=problems.sentence(refusal, of_other=True) if bind_form and refusal else "",
    )


def _seconds_to_resend(view: BindingRow | None) -> int:
    """Return the seconds until another code may be requested (BIND-6)."""
    if view is None or view.status != "unverified":
        return 0
    return bindings.code_wait_seconds(ports(), view.entry.account)


def _redirect_to_binding(binding_id: str | None) -> Response:
    return redirect_to("portal.bindings.show", account=binding_id)


@blueprint.get("/links")
def show() -> Response:
    """Show the list, and the panel of the binding that `account` names (BIND-1)."""
    return _show(account=request.args.get("account"))


@blueprint.get("/links/<uuid:binding_id>/<any(verify, code, end, switch):_action>")
def reopen(binding_id: UUID, _action: str) -> Response:
    """Redirect to the binding's page if a form's URL is opened directly."""
    return _redirect_to_binding(str(binding_id))


def _redisplay_bind() -> Response:
    return _show(bind_form=BindForm.from_request())


@blueprint.post("/links")
@redisplay_with(_redisplay_bind)
def bind() -> Response:
    """Request a binding, and mail the code to the general account (BIND-2, BIND-3; binding steps 2 to 6)."""
    principal, form = require_principal("link"), BindForm.from_request()
    if not form.validate():
        return _show(bind_form=form)
    username, password = form.username.data or "", form.password.data or ""
    try:
        entry = bindings.request(
            ports(), principal, username=username, password=password, client=client_info()
        )
    except AlreadyBound as refusal:
        return _already_bound(principal, form, refusal)
    except (BadCredentials, Locked, NotBindable, TooSoon, Busy) as refusal:
        return _show(bind_form=form, refusal=refusal)
    flash_message(texts.CODE_SENT)
    return _redirect_to_binding(entry.binding.id)


def _already_bound(principal: Principal, form: BindForm, refusal: AlreadyBound) -> Response:
    """Redirect to the existing binding if it belongs to this link account, otherwise show the error."""
    key = username_key(form.username.data or "")
    existing = [view.id for view in _views(principal) if view.entry.account.username_key == key]
    if not (refusal.here and existing):
        return _show(bind_form=form, refusal=refusal)
    flash_refusal(refusal)
    return _redirect_to_binding(existing[-1])


def _redisplay_verify(binding_id: UUID) -> Response:
    return _show(account=str(binding_id), code_form=CodeForm.from_request())


@blueprint.post("/links/<uuid:binding_id>/verify")
@redisplay_with(_redisplay_verify)
def verify(binding_id: UUID) -> Response:
    """Verify a binding by its code (BIND-6; binding steps 8 to 10)."""
    principal, form, account = require_principal("link"), CodeForm.from_request(), str(binding_id)
    if not form.validate():
        return _show(account=account, code_form=form)
    try:
        bindings.verify(ports(), principal, account, code=form.code.parsed)
    except (CodeWrong, CodeExpired, CodeExhausted, NotBindable) as refusal:
        form.add_error("code", problems.sentence(refusal))
        if isinstance(refusal, CodeWrong) and refusal.tries_left:
            _name_newest_mail(form, account)
        return _show(account=account, code_form=form, refusal=refusal)
    flash_message(texts.BINDING_VERIFIED)
    return _redirect_to_binding(account)


def _name_newest_mail(form: CodeForm, binding_id: str) -> None:
    """Add the time of the newest mail to the error, because older codes are not stored and cannot be recognized."""
    view = selected(_views(require_principal("link")), binding_id)
    if view is not None and view.entry.code is not None:
        form.add_error("code", texts.NEWEST_CODE.format(at=taipei(view.entry.code.issued_at)))


@blueprint.post("/links/<uuid:binding_id>/code")
def resend(binding_id: UUID) -> Response:
    """Mail a new code; the previous code becomes invalid (BIND-6)."""
    try:
        bindings.resend_code(ports(), require_principal("link"), str(binding_id))
    except (NotBindable, TooSoon) as refusal:
        flash_refusal(refusal)
    except AlreadyBound:
        flash_message(texts.BINDING_ALREADY_VERIFIED, kind="notice")
    else:
        flash_message(texts.CODE_SENT_AGAIN)
    return _redirect_to_binding(str(binding_id))


@blueprint.post("/links/<uuid:binding_id>/end")
def end(binding_id: UUID) -> Response:
    """End a binding, or dismiss an ended binding (UNB-1, UNB-4)."""
    principal, account = require_principal("link"), str(binding_id)
    view = next((view for view in _views(principal) if view.id == account), None)
    bindings.unbind_from_link(ports(), principal, account)
    if view is not None:
        text = texts.BINDING_DISMISSED if view.status == "removed" else texts.BINDING_REMOVED
        flash_message(text.format(username=view.account.username, company=view.account.company_name))
    return redirect_to("portal.bindings.show", account=_NONE)


@blueprint.errorhandler(ForbiddenWhileSwitched)
def _while_switched(refusal: ForbiddenWhileSwitched) -> Response:
    """Redirect to the home page with a message, and record a refused form (SEC-11)."""
    account = current_principal().account
    if request.method == "GET":
        text = texts.SWITCHED_AS.format(name=account.name, company=account.company_name)
        flash_message(text, kind="notice")
    else:
        record_forbidden(refusal, status=302)
        flash_refusal(refusal)
    return redirect_to("portal.home.show")


@blueprint.errorhandler(NotFound)
def _not_found(_refusal: NotFound) -> Response:
    """Redirect to the list, because the binding ended while its page was open, or is not the account's."""
    flash_message(texts.BINDING_GONE, kind="notice")
    return _redirect_to_binding((request.view_args or {}).get("binding_id"))

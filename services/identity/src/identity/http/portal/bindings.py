"""鏈結帳號管理與登入: a link account's bindings (BIND, UNB-1, UNB-4; manual, step 21, binding steps 1 to 10)."""

from uuid import UUID

from flask import Blueprint, Response, request

from identity.domain.code import parse_code
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
from identity.domain.person import username_key
from identity.domain.session import Principal
from identity.http import problems
from identity.http.auth import current_principal, require_principal
from identity.http.client_address import client_info
from identity.http.context import ports
from identity.http.portal.binding_views import BindingView, selected
from identity.http.portal.failures import redisplay_with
from identity.http.portal.forms import Form, SecretField, TextField
from identity.http.portal.pages import (
    flash_message,
    flash_refusal,
    redirect_to,
    render_page,
    with_refusal_status,
)
from identity.usecases import bindings

blueprint = Blueprint("bindings", __name__)

_SENT = "［鏈結帳號綁定驗證碼通知］已發送到被綁定帳號的 Email 信箱！請聯繫帳號使用者取得［驗證碼］。"
_SENT_AGAIN = (
    "［鏈結帳號綁定驗證碼通知］已重新發送到被綁定帳號的 Email 信箱！先前的驗證碼已失效，"
    "請聯繫帳號使用者取得新的［驗證碼］。"
)
_GO_BACK_FIRST = "要選擇其他帳號，請先點選【前往鏈結帳號管理與登入】。"


class BindForm(Form):
    """A general account and its password: not the ones the browser keeps for the link account."""

    username = TextField("帳號", max_length=64, autocomplete="off")
    password = SecretField("密碼", autocomplete="new-password")


class CodeForm(Form):
    """The mailed code, as people paste it: full-width digits and spaces are read too."""

    code = TextField(
        "請輸入 6 位數字驗證碼", parse_code, max_length=20, autocomplete="one-time-code", inputmode="numeric"
    )

    def focus(self) -> None:
        """Have the focus go to the field, where its fault is told: it is the only one."""
        self.code.render_kw = {**(self.code.render_kw or {}), "autofocus": True, "data-focus": True}


def _views(who: Principal) -> list[BindingView]:
    now = ports().clock.now()
    return [BindingView(row, now) for row in bindings.list_bindings(ports(), who)]


def _show(
    *,
    account: str = "",
    bind: BindForm | None = None,
    code: CodeForm | None = None,
    fault: str = "",
    status: int = 200,
) -> Response:
    """Show the page: `bind` opens the dialog with what was typed, `code` fills the chosen line's form."""
    lines = _views(require_principal("link"))
    line = selected(lines, account)
    if code is not None:
        code.focus()
    return render_page(
        "bindings.html",
        status=status,
        lines=lines,
        line=line,
        wait=_seconds_to_resend(line),
        bind=bind or BindForm(),
        opened=bind is not None,
        code=code or CodeForm(),
        fault=fault,
    )


def _seconds_to_resend(line: BindingView | None) -> int:
    """Return the seconds until another code may be asked for (BIND-6)."""
    if line is None or line.status != "unverified":
        return 0
    return bindings.code_wait_seconds(ports(), line.row.account)


def _redirect_to_binding(binding_id: str) -> Response:
    return redirect_to("portal.bindings.show", account=binding_id)


@blueprint.get("/links")
def show() -> Response:
    """Show the list, and the panel of the line that `account` names (BIND-1)."""
    return _show(account=request.args.get("account", ""))


@blueprint.get("/links/<uuid:binding_id>/<any(verify, code, end, switch):_act>")
def reopen(binding_id: UUID, _act: str) -> Response:
    """Show the line of a form whose address was opened again."""
    return _redirect_to_binding(str(binding_id))


def _redisplay_bind() -> Response:
    return _show(bind=BindForm.from_request())


@blueprint.post("/links")
@redisplay_with(_redisplay_bind)
def bind() -> Response:
    """Bind a general account; the code goes to its mailbox (BIND-2, BIND-3; binding steps 2 to 6)."""
    who, form = require_principal("link"), BindForm.from_request()
    if not form.validate():
        return _show(bind=form, status=422)
    username, password = form.username.data or "", form.password.data or ""
    try:
        row = bindings.request(ports(), who, username=username, password=password, client=client_info())
    except AlreadyBound as refusal:
        return _already_bound(who, form, refusal)
    except (BadCredentials, Locked, NotBindable, TooSoon, Busy) as refusal:
        return _show_bind_error(form, refusal)
    flash_message(_SENT)
    return _redirect_to_binding(row.binding.id)


def _already_bound(who: Principal, form: BindForm, refusal: AlreadyBound) -> Response:
    """Lead to the line that is there already."""
    key = username_key(form.username.data or "")
    there = [line.id for line in _views(who) if line.row.account.username_key == key]
    if not (refusal.here and there):
        return _show_bind_error(form, refusal)
    flash_refusal(refusal)
    return _redirect_to_binding(there[-1])


def _show_bind_error(form: BindForm, refusal: Refusal) -> Response:
    return with_refusal_status(_show(bind=form, fault=problems.sentence(refusal)), refusal)


def _redisplay_verify(binding_id: UUID) -> Response:
    return _show(account=str(binding_id), code=CodeForm.from_request())


@blueprint.post("/links/<uuid:binding_id>/verify")
@redisplay_with(_redisplay_verify)
def verify(binding_id: UUID) -> Response:
    """Verify a binding by its code (BIND-6; binding steps 8 to 10)."""
    who, form, account = require_principal("link"), CodeForm.from_request(), str(binding_id)
    if not form.validate():
        return _show(account=account, code=form, status=422)
    try:
        bindings.verify(ports(), who, account, code=form.code.parsed)
    except (CodeWrong, CodeExpired, CodeExhausted, NotBindable) as refusal:
        form.add_error("code", problems.sentence(refusal))
        return _show(account=account, code=form, status=problems.PROBLEMS[type(refusal)].status)
    flash_message("帳號綁定驗證成功！！")
    return _redirect_to_binding(account)


@blueprint.post("/links/<uuid:binding_id>/code")
def resend(binding_id: UUID) -> Response:
    """Mail a new code; the older one is void (BIND-6)."""
    try:
        bindings.resend_code(ports(), require_principal("link"), str(binding_id))
    except (NotBindable, TooSoon) as refusal:
        flash_refusal(refusal)
    except AlreadyBound:
        flash_message("此帳號已通過綁定驗證，無須再補發驗證信", kind="notice")
    else:
        flash_message(_SENT_AGAIN)
    return _redirect_to_binding(str(binding_id))


@blueprint.post("/links/<uuid:binding_id>/end")
def end(binding_id: UUID) -> Response:
    """End a binding, or dismiss one that the other side ended (UNB-1, UNB-4)."""
    who, account = require_principal("link"), str(binding_id)
    line = next((line for line in _views(who) if line.id == account), None)
    bindings.unbind_from_link(ports(), who, account)
    if line is not None and line.status != "removed":
        flash_message(f"已解除綁定帳號：【{line.username}】！")
    return redirect_to("portal.bindings.show")


@blueprint.errorhandler(ForbiddenWhileSwitched)
def _while_switched(refusal: ForbiddenWhileSwitched) -> Response:
    """Lead a tab left from before the switch to where the session is now, and say so."""
    who = current_principal().account
    if request.method == "GET":
        flash_message(
            f"目前已切換登入為「{who.name}（{who.company_name}）」。{_GO_BACK_FIRST}", kind="notice"
        )
    else:
        flash_refusal(refusal)
    return redirect_to("portal.home.show")


@blueprint.errorhandler(NotFound)
def _not_found(_refusal: NotFound) -> Response:
    """Lead to the list where the binding ended while its page was open."""
    flash_message("此綁定已解除或已失效，請確認綁定帳號清單", kind="notice")
    return _redirect_to_binding((request.view_args or {}).get("binding_id", ""))

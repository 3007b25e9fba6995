"""鏈結帳號管理與登入: a link account's bindings (BIND, UNB-1, UNB-4; manual, step 21, binding steps 1 to 10)."""

from uuid import UUID

from flask import Blueprint, Response, request

from identity.domain.code import parse_code
from identity.domain.errors import (
    AlreadyBound,
    BadCredentials,
    Busy,
    CodeExpired,
    CodeSpent,
    CodeWrong,
    Locked,
    NotBindable,
    NotFound,
    Refusal,
    TooSoon,
    WhileSwitched,
)
from identity.domain.person import username_key
from identity.domain.session import Standing
from identity.http import problems
from identity.http.context import client, full_standing, ports, standing
from identity.http.portal.binding_lines import Line, chosen
from identity.http.portal.failures import shown_again_by
from identity.http.portal.forms import Form, SecretField, TextField
from identity.http.portal.pages import go_to, page, tell, tell_refusal, with_status_of
from identity.usecases import bindings, mailing, unbinding

blueprint = Blueprint("bindings", __name__)

_SENT = "［鏈結帳號綁定驗證碼通知］已發送到被綁定帳號的 Email 信箱！請聯繫帳號使用者取得［驗證碼］。"
_SENT_AGAIN = (
    "［鏈結帳號綁定驗證碼通知］已重新發送到被綁定帳號的 Email 信箱！先前的驗證碼已失效，"
    "請聯繫帳號使用者取得新的［驗證碼］。"
)
_GO_BACK_FIRST = "要選擇其他帳號，請先點選【前往鏈結帳號管理與登入】。"


class BindForm(Form):
    """A general account and its password: not the ones the browser keeps for the link account."""

    username = TextField("帳號", most=64, autocomplete="off")
    password = SecretField("密碼", autocomplete="new-password")


class CodeForm(Form):
    """The mailed code, as people paste it: full-width digits and spaces are read too."""

    code = TextField(
        "請輸入 6 位數字驗證碼", parse_code, most=20, autocomplete="one-time-code", inputmode="numeric"
    )

    def turn_to(self) -> None:
        """Have the focus go to the field, where its fault is told: it is the only one."""
        self.code.render_kw = {**(self.code.render_kw or {}), "autofocus": True, "data-focus": True}


def _lines(who: Standing) -> list[Line]:
    now = ports().clock.now()
    return [Line(row, now) for row in bindings.list_bindings(ports(), who)]


def _show(
    *,
    account: str = "",
    bind: BindForm | None = None,
    code: CodeForm | None = None,
    fault: str = "",
    status: int = 200,
) -> Response:
    """Show the page: `bind` opens the dialog with what was typed, `code` fills the chosen line's form."""
    lines = _lines(full_standing("link"))
    line = chosen(lines, account)
    if code is not None:
        code.turn_to()
    return page(
        "bindings.html",
        status=status,
        lines=lines,
        line=line,
        wait=_wait(line),
        bind=bind or BindForm(),
        opened=bind is not None,
        code=code or CodeForm(),
        fault=fault,
    )


def _wait(line: Line | None) -> int:
    """Return the seconds until another code may be asked for (BIND-6)."""
    if line is None or line.status != "unverified":
        return 0
    general = line.row.account
    return mailing.wait_seconds(
        ports(), purpose=bindings.CODE_PURPOSE, subject=general.id, mailbox=general.email
    )


def _go_to_line(binding_id: str) -> Response:
    return go_to("portal.bindings.show", account=binding_id)


@blueprint.get("/links")
def show() -> Response:
    """Show the list, and the panel of the line that `account` names (BIND-1)."""
    return _show(account=request.args.get("account", ""))


@blueprint.get("/links/<uuid:binding_id>/<any(verify, code, end, switch):_act>")
def reopen(binding_id: UUID, _act: str) -> Response:
    """Show the line of a form whose address was opened again."""
    return _go_to_line(str(binding_id))


def _bind_again() -> Response:
    return _show(bind=BindForm.sent())


@blueprint.post("/links")
@shown_again_by(_bind_again)
def bind() -> Response:
    """Bind a general account; the code goes to its mailbox (BIND-2, BIND-3; binding steps 2 to 6)."""
    who, form = full_standing("link"), BindForm.sent()
    if not form.validate():
        return _show(bind=form, status=422)
    username, password = form.username.data or "", form.password.data or ""
    try:
        row = bindings.request(ports(), who, username=username, password=password, client=client())
    except AlreadyBound as refusal:
        return _already_bound(who, form, refusal)
    except (BadCredentials, Locked, NotBindable, TooSoon, Busy) as refusal:
        return _not_bound(form, refusal)
    tell(_SENT)
    return _go_to_line(row.binding.id)


def _already_bound(who: Standing, form: BindForm, refusal: AlreadyBound) -> Response:
    """Lead to the line that is there already."""
    key = username_key(form.username.data or "")
    there = [line.id for line in _lines(who) if line.row.account.username_key == key]
    if not (refusal.here and there):
        return _not_bound(form, refusal)
    tell_refusal(refusal)
    return _go_to_line(there[-1])


def _not_bound(form: BindForm, refusal: Refusal) -> Response:
    return with_status_of(_show(bind=form, fault=problems.sentence_of(refusal)), refusal)


def _verify_again(binding_id: UUID) -> Response:
    return _show(account=str(binding_id), code=CodeForm.sent())


@blueprint.post("/links/<uuid:binding_id>/verify")
@shown_again_by(_verify_again)
def verify(binding_id: UUID) -> Response:
    """Verify a binding by its code (BIND-6; binding steps 8 to 10)."""
    who, form, account = full_standing("link"), CodeForm.sent(), str(binding_id)
    if not form.validate():
        return _show(account=account, code=form, status=422)
    try:
        bindings.verify(ports(), who, account, code=form.code.parsed)
    except (CodeWrong, CodeExpired, CodeSpent, NotBindable) as refusal:
        form.refuse("code", problems.sentence_of(refusal))
        return _show(account=account, code=form, status=problems.PROBLEMS[type(refusal)].status)
    tell("帳號綁定驗證成功！！")
    return _go_to_line(account)


@blueprint.post("/links/<uuid:binding_id>/code")
def resend(binding_id: UUID) -> Response:
    """Mail a new code; the older one is void (BIND-6)."""
    try:
        bindings.resend_code(ports(), full_standing("link"), str(binding_id))
    except (NotBindable, TooSoon) as refusal:
        tell_refusal(refusal)
    except AlreadyBound:
        tell("此帳號已通過綁定驗證，無須再補發驗證信", kind="notice")
    else:
        tell(_SENT_AGAIN)
    return _go_to_line(str(binding_id))


@blueprint.post("/links/<uuid:binding_id>/end")
def end(binding_id: UUID) -> Response:
    """End a binding, or dismiss one that the other side ended (UNB-1, UNB-4)."""
    who, account = full_standing("link"), str(binding_id)
    line = next((line for line in _lines(who) if line.id == account), None)
    unbinding.unbind_from_link(ports(), who, account)
    if line is not None and line.status != "removed":
        tell(f"已解除綁定帳號：【{line.username}】！")
    return go_to("portal.bindings.show")


@blueprint.errorhandler(WhileSwitched)
def _of_switched(refusal: WhileSwitched) -> Response:
    """Lead a tab left from before the switch to where the session is now, and say so."""
    who = standing().account
    if request.method == "GET":
        tell(f"目前已切換登入為「{who.name}（{who.company_name}）」。{_GO_BACK_FIRST}", kind="notice")
    else:
        tell_refusal(refusal)
    return go_to("portal.home.show")


@blueprint.errorhandler(NotFound)
def _of_ended(_refusal: NotFound) -> Response:
    """Lead to the list where the binding ended while its page was open."""
    tell("此綁定已解除或已失效，請確認綁定帳號清單", kind="notice")
    return _go_to_line((request.view_args or {}).get("binding_id", ""))

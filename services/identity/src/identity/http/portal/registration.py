"""申請帳號: choosing a kind, filling in, sending (REG; manual, steps 2 to 15)."""

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, session

from identity.domain.account import REPEAT_WINDOW, Kind
from identity.domain.errors import Busy, Refusal, TooManyRequests, UsernameTaken
from identity.http import problems
from identity.http.auth import optional_principal
from identity.http.client_address import client_info
from identity.http.context import ports
from identity.http.portal.failures import redisplay_with
from identity.http.portal.pages import flash_message, redirect_to, render_page, with_refusal_status
from identity.http.portal.registration_form import RegistrationForm
from identity.usecases import registration

blueprint = Blueprint("registration", __name__)

_KIND = "<any(general, link):kind>"
_SENT = "application"
_TAKEN = problems.PROBLEMS[UsernameTaken].sentence


@dataclass(frozen=True, slots=True)
class KindTexts:
    """What the pages of one kind say; `after` is what its mail's link leads to."""

    name: str
    about: str
    after: str


KINDS = {
    "general": KindTexts(
        name="一般帳號",
        about="一般帳號可直接登入系統，登入後具申請通行證及查詢列印等功能。",
        after="登入通行證系統",
    ),
    "link": KindTexts(
        name="鏈結帳號",
        about="鏈結帳號能將多個［一般帳號］鏈結至單一登入帳號，但「不具」申請通行證及查詢列印等功能。"
        "如果您只有單一家公司要辦理通行證，請直接註冊「一般帳號」登入使用。",
        after="登入通行證系統，進行一般帳號綁定",
    ),
}


@blueprint.get("/apply")
def choose() -> Response:
    """Explain both kinds of accounts and let the person choose (REG-1)."""
    optional_principal()
    return render_page("registration_choose.html")


def _show(kind: Kind, form: RegistrationForm, *, fault: str = "", status: int = 200) -> Response:
    optional_principal()
    return render_page(
        "registration_form.html", status=status, kind=kind, words=KINDS[kind], form=form, fault=fault
    )


def _redisplay(kind: Kind) -> Response:
    form = RegistrationForm.from_request()
    form.explain_empty_passwords()
    return _show(kind, form)


@blueprint.get(f"/apply/{_KIND}")
def show(kind: Kind) -> Response:
    """Show the empty form."""
    return _show(kind, RegistrationForm())


@blueprint.post(f"/apply/{_KIND}")
@redisplay_with(_redisplay)
def send(kind: Kind) -> Response:
    """Register; a repeat of what was just sent is answered alike and makes nothing new (REG-12, REG-13)."""
    form = RegistrationForm.from_request()
    if not form.validate():
        _add_username_taken(form)
        return _show_errors(kind, form)
    try:
        registration.register(
            ports(), form.registration(kind), password=form.normalized_password, client=client_info()
        )
    except UsernameTaken as refusal:
        form.add_error("username", _TAKEN)
        return _show_errors(kind, form, refusal)
    except (TooManyRequests, Busy) as refusal:
        return _show_errors(kind, form, refusal)
    until = ports().clock.now() + REPEAT_WINDOW
    session[_SENT] = {"kind": kind, "email": (form.email.data or "").strip(), "until": until.timestamp()}
    flash_message(f"{KINDS[kind].name}資料已經成功送出，請收取驗證信！！")
    return redirect_to("portal.registration.sent", kind=kind)


def _show_errors(kind: Kind, form: RegistrationForm, refusal: Refusal | None = None) -> Response:
    """Show the form again with what was typed, and what is wrong (REG-11)."""
    form.explain_empty_passwords()
    if refusal is None:
        return _show(kind, form, status=422)
    fault = "" if form.invalid_fields else problems.sentence(refusal)
    return with_refusal_status(_show(kind, form, fault=fault), refusal)


@blueprint.post(f"/apply/{_KIND}/check")
def check(kind: Kind) -> Response:  # noqa: ARG001 - both kinds have the same rules
    """Tell what is wrong so far by the rules of sending, and whether the name is taken (REG-3, REG-11).

    An address that has asked for very many names is told that only by sending what is right otherwise.
    """
    form = RegistrationForm.from_request()
    form.validate()
    _add_username_taken(form)
    return jsonify(faults=form.errors_by_field)


def _add_username_taken(form: RegistrationForm) -> None:
    """Mark a taken name beside whatever else is wrong (REG-3, REG-11)."""
    if not form.username.errors and registration.is_taken(
        ports(), form.username.parsed, client=client_info()
    ):
        form.add_error("username", _TAKEN)


@blueprint.get(f"/apply/{_KIND}/sent")
def sent(kind: Kind) -> Response:
    """Say what to do next; the mailbox is shown to the browser that gave it, for ten minutes (REG-12)."""
    done = session.get(_SENT)
    if not done or done["kind"] != kind or done["until"] < ports().clock.now().timestamp():
        return redirect_to("portal.registration.choose")
    optional_principal()
    reviewed = kind in ports().rules.reviewed_kinds
    return render_page(
        "registration_sent.html", kind=kind, words=KINDS[kind], email=done["email"], reviewed=reviewed
    )

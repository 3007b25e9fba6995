"""申請帳號: choosing a kind, filling in, sending (REG; manual, steps 2 to 15)."""

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, session

from identity.domain.account import REPEAT_WINDOW, Kind
from identity.domain.errors import Busy, Refusal, TooManyRequests, UsernameTaken
from identity.http import problems
from identity.http.context import client, ports
from identity.http.portal import cookies
from identity.http.portal.application_form import ApplicationForm
from identity.http.portal.failures import shown_again_by
from identity.http.portal.pages import go_to, page, tell, with_status_of
from identity.usecases import registration

blueprint = Blueprint("application", __name__)

_KIND = "<any(general, link):kind>"
_SENT = "application"
_TAKEN = problems.PROBLEMS[UsernameTaken].sentence


@dataclass(frozen=True, slots=True)
class Words:
    """What the pages of one kind say; `after` is what its mail's link leads to."""

    name: str
    about: str
    after: str


KINDS = {
    "general": Words(
        name="一般帳號",
        about="一般帳號可直接登入系統，登入後具申請通行證及查詢列印等功能。",
        after="登入通行證系統",
    ),
    "link": Words(
        name="鏈結帳號",
        about="鏈結帳號能將多個［一般帳號］鏈結至單一登入帳號，但「不具」申請通行證及查詢列印等功能。"
        "如果您只有單一家公司要辦理通行證，請直接註冊「一般帳號」登入使用。",
        after="登入通行證系統，進行一般帳號綁定",
    ),
}


@blueprint.get("/apply")
def choose() -> Response:
    """Explain both kinds of accounts and let the person choose (REG-1)."""
    cookies.visitor()
    return page("application_choose.html")


def _show(kind: Kind, form: ApplicationForm, *, fault: str = "", status: int = 200) -> Response:
    cookies.visitor()
    return page("application_form.html", status=status, kind=kind, words=KINDS[kind], form=form, fault=fault)


def _again(kind: Kind) -> Response:
    form = ApplicationForm.sent()
    form.ask_passwords_again()
    return _show(kind, form)


@blueprint.get(f"/apply/{_KIND}")
def show(kind: Kind) -> Response:
    """Show the empty form."""
    return _show(kind, ApplicationForm())


@blueprint.post(f"/apply/{_KIND}")
@shown_again_by(_again)
def send(kind: Kind) -> Response:
    """Register; a repeat of what was just sent is answered alike and makes nothing new (REG-12, REG-13)."""
    form = ApplicationForm.sent()
    if not form.validate():
        _refuse_taken(form)
        return _refused(kind, form)
    try:
        registration.register(ports(), form.application(kind), password=form.secret, client=client())
    except UsernameTaken as refusal:
        form.refuse("username", _TAKEN)
        return _refused(kind, form, refusal)
    except (TooManyRequests, Busy) as refusal:
        return _refused(kind, form, refusal)
    until = ports().clock.now() + REPEAT_WINDOW
    session[_SENT] = {"kind": kind, "email": (form.email.data or "").strip(), "until": until.timestamp()}
    tell(f"{KINDS[kind].name}資料已經成功送出，請收取驗證信！！")
    return go_to("portal.application.sent", kind=kind)


def _refused(kind: Kind, form: ApplicationForm, refusal: Refusal | None = None) -> Response:
    """Show the form again with what was typed, and what is wrong (REG-11)."""
    form.ask_passwords_again()
    if refusal is None:
        return _show(kind, form, status=422)
    fault = "" if form.faulty else problems.sentence_of(refusal)
    return with_status_of(_show(kind, form, fault=fault), refusal)


@blueprint.post(f"/apply/{_KIND}/check")
def check(kind: Kind) -> Response:  # noqa: ARG001 - both kinds have the same rules
    """Tell what is wrong so far by the rules of sending, and whether the name is taken (REG-3, REG-11).

    An address that has asked for very many names is told that only by sending what is right otherwise.
    """
    form = ApplicationForm.sent()
    form.validate()
    _refuse_taken(form)
    return jsonify(faults=form.reasons)


def _refuse_taken(form: ApplicationForm) -> None:
    """Mark a taken name beside whatever else is wrong (REG-3, REG-11)."""
    if not form.username.errors and registration.is_taken(ports(), form.username.parsed, client=client()):
        form.refuse("username", _TAKEN)


@blueprint.get(f"/apply/{_KIND}/sent")
def sent(kind: Kind) -> Response:
    """Say what to do next; the mailbox is shown to the browser that gave it, for ten minutes (REG-12)."""
    done = session.get(_SENT)
    if not done or done["kind"] != kind or done["until"] < ports().clock.now().timestamp():
        return go_to("portal.application.choose")
    cookies.visitor()
    reviewed = kind in ports().rules.review
    return page("application_sent.html", kind=kind, words=KINDS[kind], email=done["email"], reviewed=reviewed)

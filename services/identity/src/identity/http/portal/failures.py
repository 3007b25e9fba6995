"""What a person sees where a request is not granted: the way on where there is one, else a page that says why."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from identity.domain import errors
from identity.http import problems
from identity.http.auth import current_principal, optional_principal
from identity.http.context import web_context
from identity.http.portal.pages import (
    clear_form_session,
    flash_message,
    flash_refusal,
    landing_url,
    redirect_to,
    redirect_to_url,
    render_page,
    with_refusal_status,
)

View = TypeVar("View", bound=Callable[..., Any])

_REDISPLAY = "redisplay"
_STALE = "頁面停留過久，或已在其他視窗登入、登出。請確認內容後再送出一次"
_NO_COOKIES = (
    "瀏覽器未保留本系統的 Cookie，無法送出表單。請允許 Cookie 後重新開啟頁面；先前若已登入，須重新登入"
)
_BAD_REQUEST = 400
_UNAVAILABLE = 503

TITLES = {
    400: "無法處理此請求",
    401: "尚未登入",
    403: "無法執行此操作",
    404: "找不到頁面",
    405: "無法執行此操作",
    409: "無法執行此操作",
    410: "連結已失效",
    413: "送出的資料過大",
    422: "輸入的資料不正確",
    429: "操作過於頻繁",
    500: "系統發生錯誤",
    503: "系統暫時無法服務",
}
_ADVICE = {
    404: "網址可能已變更或輸入有誤，請由首頁重新進入。",
    405: "此網址不能直接開啟，請由首頁重新進入。",
    413: "請縮短內容後再送出一次。",
    500: "請稍後再試。若持續發生，請將下方的代碼提供給系統管理單位。",
    503: "請稍候片刻再重新整理本頁。",
}
_UNSAVED = "剛才的內容尚未儲存，請稍候片刻再送出一次。"


def redisplay_with(redisplay: Callable[..., Response]) -> Callable[[View], View]:
    """Have a form that came with a stale CSRF token shown again with what was typed; the view itself never runs."""

    def decorate(view: View) -> View:
        vars(view)[_REDISPLAY] = redisplay
        return view

    return decorate


def csrf_error_response(_error: CSRFError) -> Response:
    """Answer a form whose CSRF token is missing or not this browser's (SEC-8)."""
    if not request.cookies:
        return error_page(_BAD_REQUEST, _NO_COOKIES, retry_url=_form_page() or _landing_or_login_url())
    view = current_app.view_functions.get(request.endpoint or "")
    redisplay = getattr(view, _REDISPLAY, None)
    if redisplay is None:
        return error_page(_BAD_REQUEST, _STALE, retry_url=_landing_or_login_url())
    flash_message(_STALE, kind="fault")
    try:
        response: Response = redisplay(**(request.view_args or {}))
    except errors.Refusal as refusal:  # the session ended meanwhile: that is what there is to say
        clear_form_session()
        return refusal_response(refusal)
    response.status_code = _BAD_REQUEST
    return response


def _landing_or_login_url() -> str:
    """Return the page that a form without one of its own stands on: where the person goes on."""
    who = optional_principal()
    return landing_url(who) if who else url_for("portal.login.show")


def refusal_response(refusal: errors.Refusal) -> Response:
    """Lead on where the refusal says what is to be done first, else say why."""
    match refusal:
        case errors.NotSignedIn():
            return _redirect_to_login()
        case errors.StepRequired() | errors.WrongKind():
            return redirect_to_url(landing_url(current_principal()))
        case errors.NotSwitched() | errors.AlreadySwitched():
            flash_refusal(refusal)
            return redirect_to_url(landing_url(current_principal()))
    status = problems.PROBLEMS[type(refusal)].status
    return with_refusal_status(error_page(status, problems.sentence(refusal)), refusal)


def _redirect_to_login() -> Response:
    """Lead to the login. No cookie is touched: a late answer to an old token must not undo a new login."""
    wanted = request.path if request.method == "GET" else _form_page()
    return redirect_to("portal.login.show", next=wanted or None, ended=_login_notice(wanted))


def _login_notice(wanted: str) -> str | None:
    """Return what the login page is to say: of a first visit nothing."""
    if request.method == "POST":
        return "unsaved" if wanted else "session"
    return "session" if request.cookies.get(web_context().session_cookie) else None


def _form_page() -> str:
    """Return the page of the form that was sent, where its address is the page's own too."""
    try:
        current_app.url_map.bind("").match(request.path, method="GET")
    except HTTPException:
        return ""
    return request.path


def status_response(status: int) -> Response:
    """Answer a plain HTTP error."""
    _, sentence = problems.code_and_sentence(status)
    return error_page(status, "" if status in _ADVICE else sentence)


def error_page(status: int, sentence: str, *, retry_url: str = "") -> Response:
    """Return the page that says what went wrong and where to go on."""
    unsaved = status == _UNAVAILABLE and request.method == "POST"
    title = TITLES.get(status) or TITLES[500 if status >= 500 else 400]  # noqa: PLR2004 - 5xx: a fault of ours
    advice = _UNSAVED if unsaved else _ADVICE.get(status, "")
    said_by_title = advice and sentence.startswith(title)
    return render_page(
        "failure.html",
        status=status,
        title=title,
        sentence="" if said_by_title else sentence,
        advice=advice,
        code=status,
        again=retry_url,
    )

"""Responses to people's refused and failed requests: a redirect, or a page with the reason."""

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from identity.domain import errors
from identity.http import problems
from identity.http.cookie_names import session_cookie
from identity.http.portal.layout.flash_messages import flash_refusal
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import landing_url, next_url, redirect_to, redirect_to_url
from identity.http.session_auth import current_principal
from identity.http.zh_tw import portal as texts

_SERVER_ERROR = 500
_UNAVAILABLE = 503


def refusal_response(refusal: errors.Refusal) -> Response:
    """Redirect to the login, to the open step or to the start page, or show the reason."""
    match refusal:
        case errors.SessionEnded():
            return redirect_to("portal.login.show", next=next_url() or form_page() or None, ended="password")
        case errors.NotSignedIn():
            return _redirect_to_login()
        case errors.StepRequired() | errors.WrongKind():
            return redirect_to_url(landing_url(current_principal()))
        case errors.NotSwitched() | errors.AlreadySwitched():
            flash_refusal(refusal)
            return redirect_to_url(landing_url(current_principal()))
    status = problems.PROBLEMS[type(refusal)].status
    title = texts.WHILE_SWITCHED if isinstance(refusal, errors.ForbiddenWhileSwitched) else ""
    return error_page(status, problems.sentence(refusal), title=title, refusal=refusal)


def _redirect_to_login() -> Response:
    """Redirect to the login. Cookies stay, because a late response to an old token must not undo a new login."""
    page = request.path if request.method == "GET" else form_page()
    return redirect_to("portal.login.show", next=next_url() or page or None, ended=_login_notice(page))


def _login_notice(page: str) -> str | None:
    """Return the key of the login page's notice, or None on a first visit."""
    if request.method == "POST":
        return "unsaved" if page else "session"
    return "session" if request.cookies.get(session_cookie()) else None


def form_page() -> str:
    """Return the request's path if it also accepts GET, otherwise an empty string."""
    try:
        current_app.url_map.bind("").match(request.path, method="GET")
    except HTTPException:
        return ""
    return request.path


def status_response(status: int) -> Response:
    return error_page(status, "" if status in texts.ERROR_ADVICE else problems.status_sentence(status))


def error_page(
    status: int, sentence: str, *, title: str = "", retry_url: str = "", refusal: errors.Refusal | None = None
) -> Response:
    """Return a page with the error and links to continue. With `title`, it reports no failure."""
    unsaved = status == _UNAVAILABLE and request.method == "POST"
    usual_title = (
        texts.ERROR_TITLES.get(status) or texts.ERROR_TITLES[500 if status >= _SERVER_ERROR else 400]
    )
    advice = texts.NOT_SAVED if unsaved else texts.ERROR_ADVICE.get(status, "")
    if advice:
        sentence = "" if sentence.startswith(usual_title) else sentence.removesuffix(texts.TRY_LATER)
    return render_page(
        "error.html",
        status=status,
        refusal=refusal,
        title=title or usual_title,
        is_failure=not title,
        sentence=sentence,
        advice=advice,
        code=status,
        retry_url=retry_url,
    )

"""CSRF tokens of the portal's forms, and the pages for a missing or stale token (SEC-8)."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect

from identity.domain.errors import Refusal
from identity.http.portal.layout.current_authorization_request import service_request
from identity.http.portal.layout.error_pages import error_page, form_page, refusal_response
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.pages import clear_form_session
from identity.http.portal.layout.redirects import landing_url
from identity.http.session_auth import optional_principal
from identity.http.zh_tw import portal as texts

View = TypeVar("View", bound=Callable[..., Any])

_REDISPLAY = "redisplay"
_BAD_REQUEST = 400


def init_app(app: Flask) -> CSRFProtect:
    """Require a token in every form, except those of blueprints that the caller exempts."""
    app.register_error_handler(CSRFError, _error_response)
    return CSRFProtect(app)


def redisplay_with(redisplay: Callable[..., Response]) -> Callable[[View], View]:
    """Show a form again with the submitted values if its token is missing or stale. Then the view does not run."""

    def decorate(view: View) -> View:
        vars(view)[_REDISPLAY] = redisplay
        return view

    return decorate


def _error_response(_error: CSRFError) -> Response:
    if not request.cookies:
        return error_page(
            _BAD_REQUEST, texts.COOKIES_DISABLED, retry_url=form_page() or _landing_or_login_url()
        )
    view = current_app.view_functions.get(request.endpoint or "")
    redisplay = getattr(view, _REDISPLAY, None)
    if redisplay is None:
        return error_page(_BAD_REQUEST, texts.CSRF_STALE, retry_url=_landing_or_login_url())
    flash_message(texts.CSRF_STALE, kind="error")
    try:
        response: Response = redisplay(**(request.view_args or {}))
    except Refusal as refusal:  # for example, because the session has ended
        clear_form_session()
        return refusal_response(refusal)
    response.status_code = _BAD_REQUEST
    return response


def _landing_or_login_url() -> str:
    principal, pending = optional_principal(), service_request()
    if pending is not None:
        return url_for("portal.authorization_pages.show", request_id=pending.id)
    return landing_url(principal) if principal else url_for("portal.login.show")

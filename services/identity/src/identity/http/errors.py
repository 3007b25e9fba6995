"""Error handlers: programs get a problem document or OAuth's error, people a page or a redirect."""

from typing import Protocol

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from identity.domain.errors import Refusal, Unavailable
from identity.http import problems
from identity.http.database_errors import DATABASE_ERRORS
from identity.http.forbidden_requests import record_forbidden
from identity.http.oauth import error_responses
from identity.http.portal.layout import error_pages

_log = structlog.get_logger("identity.http")
_SERVER_ERROR = 500
_RETRY_AFTER_SECONDS = 5
_FOR_PEOPLE = frozenset({"/.well-known/change-password", "/oauth/authorize", "/oauth/logout"})
_MEDIA_TYPES = ("text/html", "application/json", problems.MEDIA_TYPE)
_FOR_PROGRAMS = ("/api/", "/oauth/", "/.well-known/", "/openapi.json", "/livez", "/readyz")


class _Format(Protocol):
    """What a module with error responses of one format contains."""

    def refusal_response(self, refusal: Refusal, /) -> Response: ...
    def status_response(self, status: int, /) -> Response: ...


def init_app(app: Flask) -> None:
    """Register the handlers. No response contains the text of an exception that is not a refusal (SEC-13)."""
    for kind in DATABASE_ERRORS:
        app.register_error_handler(kind, _unavailable)

    @app.errorhandler(Refusal)
    def _refusal(refusal: Refusal) -> Response:
        response = _format().refusal_response(refusal)
        try:
            record_forbidden(refusal, status=response.status_code)
        except DATABASE_ERRORS as error:
            return _unavailable(error)
        return response

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        response = _format().status_response(error.code or _SERVER_ERROR)
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def _unforeseen(error: Exception) -> Response:
        _log.error("unforeseen error", kind=type(error).__name__, exc_info=error)
        return _format().status_response(_SERVER_ERROR)


def _unavailable(error: Exception) -> Response:
    _log.warning("database unavailable", kind=type(error).__name__)
    return _format().refusal_response(Unavailable(_RETRY_AFTER_SECONDS))


def _format() -> _Format:
    """Decide by the path, or else by the Accept header.

    Scripts that accept JSON get no redirect to the login page, because they would use up its message to the person.
    """
    if request.path.startswith(_FOR_PROGRAMS) and request.path not in _FOR_PEOPLE:
        is_oauth = request.path.startswith("/oauth/") and request.url_rule is not None
        return error_responses if is_oauth else problems
    accepted = request.accept_mimetypes.best_match(_MEDIA_TYPES)
    is_page = accepted == "text/html" or (accepted is None and request.url_rule is not None)
    return error_pages if is_page else problems

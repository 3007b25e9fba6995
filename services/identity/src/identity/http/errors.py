"""Error handlers: programs get a problem document, people a page or a redirect."""

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from identity.domain.errors import Refusal
from identity.http import problems
from identity.http.database_errors import DATABASE_ERRORS, unavailable
from identity.http.forbidden_requests import record_forbidden
from identity.http.portal.layout import error_pages

_log = structlog.get_logger("identity.http")
_SERVER_ERROR = 500
_FOR_PEOPLE = frozenset({"/.well-known/change-password", "/oauth/authorize", "/oauth/logout"})
_MEDIA_TYPES = ("text/html", "application/json", problems.MEDIA_TYPE)
_FOR_PROGRAMS = ("/api/", "/oauth/", "/.well-known/", "/openapi.json", "/livez", "/readyz")


def init_app(app: Flask) -> None:
    """Register the handlers. No response contains the text of an exception that is not a refusal (SEC-13)."""
    _register_database_errors(app)

    @app.errorhandler(Refusal)
    def _refusal(refusal: Refusal) -> Response:
        response = refusal_response(refusal)
        try:
            record_forbidden(refusal, status=response.status_code)
        except DATABASE_ERRORS as error:
            return _unavailable(error)
        return response

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        response = _status_response(error.code or _SERVER_ERROR)
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def _unforeseen(error: Exception) -> Response:
        _log.error("unforeseen error", kind=type(error).__name__, exc_info=error)
        return _status_response(_SERVER_ERROR)


def _register_database_errors(app: Flask) -> None:
    for kind in DATABASE_ERRORS:
        app.register_error_handler(kind, _unavailable)


def _unavailable(error: Exception) -> Response:
    return refusal_response(unavailable(error))


def refusal_response(refusal: Refusal) -> Response:
    """Return the problem document for a refusal, or a page or redirect for a person."""
    return (
        problems.refusal_response(refusal)
        if _wants_problem_document()
        else error_pages.refusal_response(refusal)
    )


def _status_response(status: int) -> Response:
    return (
        problems.status_response(status) if _wants_problem_document() else error_pages.status_response(status)
    )


def _wants_problem_document() -> bool:
    """Decide by the path, or else by the Accept header.

    Scripts that accept JSON get no redirect to the login page, because its message to the person is shown only once.
    """
    if request.path.startswith(_FOR_PROGRAMS) and request.path not in _FOR_PEOPLE:
        return True
    accepted = request.accept_mimetypes.best_match(_MEDIA_TYPES)
    return accepted != "text/html" and (accepted is not None or request.url_rule is None)

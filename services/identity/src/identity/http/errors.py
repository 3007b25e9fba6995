"""Every error of a request becomes a short problem document, or a page where a person asked for one."""

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from identity.domain.errors import Refusal
from identity.http import problems
from identity.http.portal import failures

_log = structlog.get_logger("identity.http")
_SERVER_ERROR = 500
_FOR_PEOPLE = "/.well-known/change-password"
_READ = ("text/html", "application/json", problems.MEDIA_TYPE)
_FOR_PROGRAMS = ("/api/", "/oauth/", "/.well-known/", "/openapi.json", "/livez", "/readyz")


def init_app(app: Flask) -> None:
    """Register the handlers; none of them shows more than a code and a sentence (SEC-13)."""

    @app.errorhandler(Refusal)
    def _refusal(refusal: Refusal) -> Response:
        return refusal_response(refusal)

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


def refusal_response(refusal: Refusal) -> Response:
    """Return what tells of a refusal: a document to a program, a page or the way on to a person."""
    return (
        problems.refusal_response(refusal)
        if _wants_problem_document()
        else failures.refusal_response(refusal)
    )


def _status_response(status: int) -> Response:
    return problems.status_response(status) if _wants_problem_document() else failures.status_response(status)


def _wants_problem_document() -> bool:
    """Tell by the address; else by what the asker would rather read, as a script of a page tells it.

    A script must not be led to the login page: it would take the message there from the person.
    """
    if request.path.startswith(_FOR_PROGRAMS) and request.path != _FOR_PEOPLE:
        return True
    wanted = request.accept_mimetypes.best_match(_READ)
    return wanted != "text/html" and (wanted is not None or request.url_rule is None)

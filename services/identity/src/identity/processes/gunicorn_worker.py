"""The web server's worker process."""

import uuid
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import structlog
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from identity.http import problems
from identity.http.security_headers import security_headers

_log = structlog.get_logger("identity.http")
_UNREADABLE: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answers a request that cannot be parsed with a problem document, and logs no part of the request.

    Gunicorn's own handler logs the first line of the request, which may hold the token of a mailed link.
    """

    def handle(self, conn: Any) -> Any:
        """Handle a request in a thread, whose log context is still that of its last request."""
        structlog.contextvars.clear_contextvars()
        return super().handle(conn)

    def handle_error(self, req: object, client: Any, addr: object, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's
        """Write the response to the connection: the application never saw the request, or failed to answer it."""
        status = _status_of(exc)
        context = {"request_id": uuid.uuid4().hex, **structlog.contextvars.get_contextvars()}
        _log.warning(
            "unreadable request", kind=type(exc).__name__, status=status.value, **context,
            exc_info=exc if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None,
        )  # fmt: skip
        try:
            write_nonblock(client, self._serialize(status, str(context["request_id"])))
        except OSError as error:
            _log.debug("client disconnected", kind=type(error).__name__)

    def _serialize(self, status: HTTPStatus, request_id: str) -> bytes:
        document = problems.status_response(status)
        document.headers.extend(security_headers(https=self.app.settings.https))
        document.headers.extend(
            {"X-Request-ID": request_id, "Date": formatdate(usegmt=True), "Connection": "close"}
        )
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{document.headers}"
        return head.encode("latin-1") + document.get_data()


def _status_of(error: Exception) -> HTTPStatus:
    if isinstance(error, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName):
        return HTTPStatus.INTERNAL_SERVER_ERROR  # the application's mistake, not the client's
    parse_error = HTTPStatus.BAD_REQUEST if isinstance(error, errors.ParseException) else None
    return _UNREADABLE.get(type(error), parse_error or HTTPStatus.INTERNAL_SERVER_ERROR)

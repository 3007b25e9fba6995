"""Each request is a part of its caller's trace, or begins one; its events carry it on (OPS-4).

Around the application and not in its hooks: Flask asks of each hook at each request whether it is a coroutine.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flask import Request
from port_runtime import tracing

from identity.metrics import METHODS, OTHER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SPAN: Final = "identity.span"
_SERVER_ERROR: Final = 500


class TracingMiddleware:
    """The application, with a trace going on in each request."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        parent = environ.get("HTTP_TRACEPARENT")
        with tracing.span("request", parent=parent, kind=tracing.SpanKind.SERVER) as span:
            environ[_SPAN] = span
            return self._application(environ, start_response)


def annotate(request: Request, route: str, status: int, *, request_id: str) -> None:
    """Say of the request's span which it was; its address may hold a token and stays unsaid."""
    span: tracing.Span | None = request.environ.get(_SPAN)
    if span is None:
        return
    method = request.method if request.method in METHODS else OTHER
    span.update_name(f"{method} {route}")
    span.set_attribute("http.request.method", method)
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("request_id", request_id)
    if status >= _SERVER_ERROR:
        tracing.fail(span, str(status))

"""A span for each request, in the caller's trace or in a new trace (OPS-4).

This is WSGI middleware rather than hooks of Flask, because the span must be current during the whole request.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from port_runtime import tracing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SPAN: Final = "identity.span"
_SERVER_ERROR: Final = 500


class TracingMiddleware:
    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        parent = environ.get("HTTP_TRACEPARENT")
        with tracing.span("request", parent=parent, kind=tracing.SpanKind.SERVER) as span:
            environ[_SPAN] = span
            return self._application(environ, start_response)


def annotate(environ: "WSGIEnvironment", method: str, route: str, status: int, *, request_id: str) -> None:
    """Describe the request in its span. `route` is the URL rule, not the URL, which may contain a token."""
    span: tracing.Span | None = environ.get(_SPAN)
    if span is None:
        return
    span.update_name(f"{method} {route}")
    span.set_attribute("http.request.method", method)
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("request_id", request_id)
    if status >= _SERVER_ERROR:
        tracing.fail(span, str(status))

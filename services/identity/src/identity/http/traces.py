"""Each request is a part of its caller's trace, or begins one; its events carry it on (OPS-4)."""

from contextlib import ExitStack

import structlog
from flask import Flask, Response, g, request
from port_runtime import traceparent, tracing

from identity.metrics import METHODS, OTHER, UNKNOWN_ROUTE

_SERVER_ERROR = 500


def install(app: Flask) -> None:
    """Put the hooks in place, behind those that begin the log's context."""

    @app.before_request
    def _begin() -> None:
        route = request.url_rule.rule if request.url_rule else UNKNOWN_ROUTE
        method = request.method if request.method in METHODS else OTHER
        g.traced = ExitStack()
        g.span = g.traced.enter_context(
            tracing.span(
                f"{method} {route}",
                parent=traceparent.accepted(request.headers.get("traceparent")),
                kind="server",
                http__request__method=method,
                http__route=route,
                request_id=g.request_id,
            )
        )
        structlog.contextvars.bind_contextvars(trace_id=traceparent.trace_id())

    @app.after_request
    def _note(response: Response) -> Response:
        if "span" in g:
            g.span.note("http.response.status_code", response.status_code)
            if response.status_code >= _SERVER_ERROR:
                g.span.fail(str(response.status_code))
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        if "traced" in g:
            g.pop("traced").close()

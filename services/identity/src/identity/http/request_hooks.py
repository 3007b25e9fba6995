"""Hooks around every request: its identifier, its headers, one log line and its metrics."""

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from port_runtime import tracing

from identity.http import traces
from identity.http.known_hosts import PROBES, require_known_host
from identity.http.security_headers import security_headers
from identity.metrics import UNKNOWN_ROUTE, RequestMetrics

_log = structlog.get_logger("identity.http")
_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._=:/+-]{1,64}")
_MILLISECONDS = 1000


def init_app(app: Flask, meter: RequestMetrics, *, https: bool, hosts: frozenset[str] | None) -> None:
    """Register the hooks: one before and one after each request, since Flask spends time on every hook."""
    fixed = security_headers(https=https)

    @app.before_request
    def _before() -> None:
        g.request_id = uuid.uuid4().hex
        g.started_at = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id, trace_id=tracing.trace_id())
        received = request.headers.get("X-Request-ID", "")
        if _CLIENT_REQUEST_ID.fullmatch(received):
            g.client_request_id = received
            structlog.contextvars.bind_contextvars(client_request_id=received)
        require_known_host(hosts)

    @app.after_request
    def _after(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.get("request_id") or uuid.uuid4().hex
        present = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - iterating yields pairs
        for name, value in fixed.items():
            if name.lower() not in present:
                response.headers.add(name, value)
        _record(response, meter)
        return response


def _record(response: Response, meter: RequestMetrics) -> None:
    """Count, trace and log the route, never the URL, which may hold a token (SEC-9)."""
    route = request.url_rule.rule if request.url_rule else UNKNOWN_ROUTE
    now = time.perf_counter()
    seconds = now - g.get("started_at", now)
    meter.answered(request.method, route, response.status_code, seconds=seconds)
    traces.annotate(request, route, response.status_code, request_id=response.headers["X-Request-ID"])
    if request.path not in PROBES:
        _log.info(
            "request",
            method=request.method,
            route=route if request.url_rule else "-",
            status=response.status_code,
            ms=round(seconds * _MILLISECONDS, 1),
        )

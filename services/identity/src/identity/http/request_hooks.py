"""Hooks for requests that Flask handles: request record, host check, errors of the fast path, security headers."""

from flask import Flask, Response, g, request

from identity.http.fast_path import ERROR
from identity.http.known_hosts import require_known_host
from identity.http.request_metrics import RequestMetrics
from identity.http.request_record import RequestRecord
from identity.http.security_headers import security_headers


def init_app(app: Flask, meter: RequestMetrics, *, https: bool, hosts: frozenset[str] | None) -> None:
    """Register one hook before and one after each request, because each hook costs time in Flask."""
    fixed = security_headers(https=https)

    @app.before_request
    def _before() -> None:
        g.record = RequestRecord.begin(request.environ)
        g.request_id, g.client_request_id = g.record.id, g.record.client_request_id
        require_known_host(hosts)
        if ERROR in request.environ:
            raise request.environ[ERROR]

    @app.after_request
    def _after(response: Response) -> Response:
        record: RequestRecord = g.get("record") or RequestRecord.begin(request.environ)
        response.headers["X-Request-ID"] = record.id
        present = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - iterating yields pairs
        for name, value in fixed.items():
            if name.lower() not in present:
                response.headers.add(name, value)
        route = request.url_rule.rule if request.url_rule else None
        record.end(meter, route, response.status_code)
        return response

"""Counts each request by its route's template, never by the address asked for (OPS-4)."""

import time

from flask import Flask, Response, g, request

from identity.metrics import RequestMeter


def install(app: Flask, meter: RequestMeter) -> None:
    """Put the hooks in place."""

    @app.before_request
    def _begin() -> None:
        g.measured_from = time.perf_counter()

    @app.after_request
    def _finish(response: Response) -> Response:
        now = time.perf_counter()
        meter.answered(
            request.method,
            request.url_rule.rule if request.url_rule else None,
            response.status_code,
            seconds=now - g.get("measured_from", now),
        )
        return response

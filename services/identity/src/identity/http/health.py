"""Liveness and readiness probes."""

from collections.abc import Iterable

from flask import Blueprint, Response, jsonify
from port_runtime.health import Check, run_checks


def blueprint(checks: Iterable[Check]) -> Blueprint:
    """Return a blueprint with /livez and /readyz. Each request of /readyz runs the checks."""
    health = Blueprint("health", __name__)

    @health.get("/livez")
    def livez() -> Response:
        return jsonify(status="ok")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        report = run_checks(checks)
        return jsonify(status="ok" if report.ok else "unavailable", checks=dict(report.results)), (
            200 if report.ok else 503
        )

    return health

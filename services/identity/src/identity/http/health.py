"""Tell whether the process is alive, and whether it can work."""

from collections.abc import Iterable

from flask import Blueprint, Response, jsonify
from port_runtime.health import Check, run_checks


def blueprint(checks: Iterable[Check]) -> Blueprint:
    """Return /livez and /readyz; readiness asks the checks each time."""
    ops = Blueprint("ops", __name__)

    @ops.get("/livez")
    def livez() -> Response:
        return jsonify(status="ok")

    @ops.get("/readyz")
    def readyz() -> tuple[Response, int]:
        report = run_checks(checks)
        return jsonify(status="ok" if report.ok else "unavailable", checks=dict(report.results)), (
            200 if report.ok else 503
        )

    return ops

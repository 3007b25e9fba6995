"""Requests for a foreign host are refused, whatever is in front of the server (SEC-16)."""

from flask import abort, request
from port_runtime.urls import parse_host

PROBES = frozenset({"/livez", "/readyz"})
"""Kubernetes addresses them by the pod's IP address."""


def require_known_host(hosts: frozenset[str] | None) -> None:
    """Answer 421 to a request for another host (RFC 9110 section 15.5.20); None allows all."""
    if hosts is None:
        return
    host = request.headers.get("Host", "")
    if host not in hosts and _normal_form(host) not in hosts and request.path not in PROBES:
        abort(421)


def _normal_form(host: str) -> str | None:
    try:
        return parse_host(host)
    except ValueError:
        return None

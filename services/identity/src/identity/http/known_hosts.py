"""Refusal of requests for unknown hosts, independent of any proxy (SEC-16)."""

from flask import abort, request
from port_runtime.urls import parse_host

PROBES = frozenset({"/livez", "/readyz"})
"""The paths of probes, which Kubernetes addresses by the pod's IP address."""


def require_known_host(hosts: frozenset[str] | None) -> None:
    """Abort with 421 for a request to an unknown host (RFC 9110 section 15.5.20); None allows all hosts."""
    if request.path not in PROBES and not is_known_host(hosts, request.headers.get("Host", "")):
        abort(421)


def is_known_host(hosts: frozenset[str] | None, host: str) -> bool:
    """Return whether a `Host` header names one of the hosts; None allows all hosts."""
    return hosts is None or host in hosts or _normal_form(host) in hosts


def _normal_form(host: str) -> str | None:
    try:
        return parse_host(host)
    except ValueError:
        return None

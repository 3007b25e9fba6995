"""Refusal of requests whose `Host` header names an unknown host (SEC-16)."""

from flask import abort, request
from port_runtime.urls import parse_host

PROBES = frozenset({"/livez", "/readyz"})
"""The paths of Kubernetes' probes. Their `Host` is the pod's IP address."""


def require_known_host(hosts: frozenset[str] | None) -> None:
    """Abort with 421 (RFC 9110 section 15.5.20) if the host is unknown, except for probes. None allows all hosts."""
    if request.path not in PROBES and not is_known_host(hosts, request.headers.get("Host", "")):
        abort(421)


def is_known_host(hosts: frozenset[str] | None, host: str) -> bool:
    """Return whether the `Host` header `host` names one of the hosts. None allows all hosts."""
    try:
        return hosts is None or host in hosts or parse_host(host) in hosts
    except ValueError:
        return False

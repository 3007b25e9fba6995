"""Checks whether the URL of a data server protects the connection (SEC-18).

A connection is protected if it stays on this machine, or uses TLS and verifies the server's certificate and name.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from port_runtime.setting_parsers import is_loopback

_FALSE: Final = frozenset({"", "0", "f", "false", "n", "no"})
"""The texts that redis-py reads as false in the options of a URL."""


def is_redis_protected(url: str) -> bool:
    """Return whether a Redis URL, possibly with sentinels, protects the connection.

    Sentinels need TLS even on this machine, because the server that they name may be on another machine.
    """
    parts, options = urlsplit(url), _options(url)
    scheme, _, sentinel = parts.scheme.partition("+")
    if not sentinel and (scheme == "unix" or is_loopback(parts.hostname or "localhost")):
        return True
    return (
        scheme == "rediss"
        and options.get("ssl_cert_reqs", "required") == "required"
        and options.get("ssl_check_hostname", "true").lower() not in _FALSE
    )


def is_database_protected(url: str) -> bool:
    """Return whether a database URL protects the connection, as SQLite always does.

    PostgreSQL needs `sslmode=verify-full` unless every host is this machine. Its URL may name several hosts in the
    option `host`; a host that begins with a slash is a socket's directory.
    """
    parts, options = urlsplit(url), _options(url)
    if parts.scheme.startswith("sqlite") or options.get("sslmode") == "verify-full":
        return True
    named = [host for value in parse_qs(parts.query).get("host", []) for host in value.split(",")]
    hosts = [parts.hostname, *(_without_port(host) for host in named)]
    return all(host.startswith("/") or is_loopback(host) for host in filter(None, hosts))


def _options(url: str) -> dict[str, str]:
    """Return the options of a URL; for a repeated option, the last value."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return {name: values[-1] for name, values in query.items()}


def _without_port(host: str) -> str:
    return host if host.startswith("/") or host.count(":") > 1 else host.partition(":")[0]

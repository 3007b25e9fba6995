"""The record of a request: its identifiers, log line, metrics and span."""

import re
import time
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Final

import structlog
from port_runtime import logs, tracing

from identity.http import request_tracing
from identity.http.known_hosts import PROBES
from identity.http.request_metrics import RequestMetrics
from identity.metrics.web import METHODS, OTHER, UNKNOWN_ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_log = structlog.get_logger("identity.http")
_CLIENT_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._=:/+-]{1,64}")
_OF_SECRETS: Final = re.compile("[=:]")
"""A client's identifier with these may look like a secret, which the logger masks and `logs.info` does not."""
_MILLISECONDS: Final = 1000


@dataclass(eq=False, slots=True)
class RequestRecord:
    """A request in progress, to which we assign the `id`.

    `client_request_id` is the client's `X-Request-ID`, None if it is missing or invalid; `started_at` is a reading of
    `perf_counter`.
    """

    environ: "WSGIEnvironment"
    client_request_id: str | None
    id: str = field(default_factory=lambda: token_hex(16))
    started_at: float = field(default_factory=time.perf_counter)

    @classmethod
    def begin(cls, environ: "WSGIEnvironment") -> "RequestRecord":
        """Return a new record, and bind its identifiers to this thread's log lines instead of the previous ones."""
        received = environ.get("HTTP_X_REQUEST_ID", "")
        record = cls(environ, received if _CLIENT_REQUEST_ID.fullmatch(received) else None)
        ids = {"request_id": record.id, **tracing.log_ids()}
        if record.client_request_id is not None:
            ids["client_request_id"] = record.client_request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**ids)
        return record

    def end(self, meter: RequestMetrics, route: str | None, status: int) -> None:
        """Count, trace and, except for probes, log the response by its route: the URL may contain a token (SEC-9)."""
        seconds = time.perf_counter() - self.started_at
        method, known = self.environ["REQUEST_METHOD"], route or UNKNOWN_ROUTE
        known_method = method if method in METHODS else OTHER
        meter.answered(known_method, known, status, seconds=seconds)
        request_tracing.annotate(self.environ, known_method, known, status, request_id=self.id)
        if self.environ["PATH_INFO"] not in PROBES:
            ms = round(seconds * _MILLISECONDS, 1)
            is_plain = known_method == method and not _OF_SECRETS.search(self.client_request_id or "")
            log = logs.info if is_plain else _log.info
            log(
                "request",
                method=method,
                route=route or "-",
                status=status,
                ms=ms,
                request_id=self.id,
            )

"""Answers the usual request for a public document before Flask does, in less time than a bare route takes (OIDC-27).

Flask has the same documents, for every other request. Requests are counted and logged as its hooks do, but not traced.
"""

import time
import uuid
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from flask import Flask

from identity.http.known_hosts import is_known_host
from identity.http.oauth.discovery import PublicDocument, discovery_blueprint
from identity.http.security_headers import security_headers
from identity.metrics import RequestMetrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger("identity.http")
_MILLISECONDS = 1000
_STATUS_LINES = {status: f"{status} {status.phrase}" for status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)}


def init_app(
    app: Flask,
    documents: Mapping[str, PublicDocument],
    meter: RequestMetrics,
    *,
    https: bool,
    hosts: frozenset[str] | None,
) -> None:
    """Serve the documents by path; only requests for one of the hosts are answered before Flask, None for all."""
    app.register_blueprint(discovery_blueprint(documents))
    fixed = security_headers(https=https)
    answers = {path: _Answer(path, document, fixed) for path, document in documents.items()}
    app.wsgi_app = _DocumentServer(app.wsgi_app, answers, meter, hosts)  # type: ignore[method-assign]  # Flask's way


class _Answer:
    """A document with all headers but the request's identifier."""

    def __init__(self, path: str, document: PublicDocument, fixed: Mapping[str, str]) -> None:
        self.path, self.document = path, document
        headers = list({**fixed, **document.headers}.items())
        length = ("Content-Length", str(len(document.body)))
        self.headers = {HTTPStatus.OK: [*headers, length], HTTPStatus.NOT_MODIFIED: headers}
        self.body = {HTTPStatus.OK: [document.body], HTTPStatus.NOT_MODIFIED: []}


class _DocumentServer:
    def __init__(
        self,
        application: "WSGIApplication",
        answers: Mapping[str, _Answer],
        meter: RequestMetrics,
        hosts: frozenset[str] | None,
    ) -> None:
        self._application, self._answers, self._meter, self._hosts = application, answers, meter, hosts

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = self._answers.get(environ["PATH_INFO"])
        is_plain = environ["REQUEST_METHOD"] == "GET" and is_known_host(
            self._hosts, environ.get("HTTP_HOST", "")
        )
        if answer is None or not is_plain:
            return self._application(environ, start_response)
        started_at, request_id = time.perf_counter(), uuid.uuid4().hex
        status = answer.document.status(environ.get("HTTP_IF_NONE_MATCH"))
        start_response(_STATUS_LINES[status], [*answer.headers[status], ("X-Request-ID", request_id)])
        self._record(answer.path, status, request_id, seconds=time.perf_counter() - started_at)
        return answer.body[status]

    def _record(self, route: str, status: HTTPStatus, request_id: str, *, seconds: float) -> None:
        self._meter.answered("GET", route, status, seconds=seconds)
        structlog.contextvars.clear_contextvars()  # those of the thread's last request
        ms = round(seconds * _MILLISECONDS, 1)
        _log.info("request", method="GET", route=route, status=int(status), ms=ms, request_id=request_id)

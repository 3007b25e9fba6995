"""Gunicorn in this process: threads for requests, few processes, no file of settings."""

import gc
import logging
import uuid
from http import HTTPStatus
from typing import Any

import structlog
import zxcvbn  # noqa: F401  # before the fork, so that the workers share its dictionaries
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker
from port_runtime.metrics import Instruments
from port_runtime.ops_server import open_listener
from port_runtime.settings import ErrorCollector

from identity.http import problems
from identity.metrics import WEB
from identity.processes.gunicorn_hooks import GunicornHooks
from identity.processes.web import create_app
from identity.settings import WebSettings

_log = structlog.get_logger("identity.http")
GRACE_SECONDS = 20
_KEEPALIVE_SECONDS = 20
_MAX_REQUEST_LINE = 4096
_BACKLOG = 2048


def _share_memory(_arbiter: object, _worker: object) -> None:
    """Leave what was loaded out of garbage collection, whose marks would copy every page into each worker."""
    gc.collect()
    gc.freeze()


class RootLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Leaves gunicorn's lines to the handlers that the process already has."""

    def setup(self, cfg: object) -> None:  # noqa: ARG002  # gunicorn's signature
        """Send errors through the root logger, and no line a request: that is the application's."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)
        self.access_log.handlers.clear()
        self.access_log.propagate = False


_UNREADABLE: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}


def _status_of(error: Exception) -> HTTPStatus:
    if isinstance(error, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName):
        return HTTPStatus.INTERNAL_SERVER_ERROR  # it was ours
    unread = HTTPStatus.BAD_REQUEST if isinstance(error, errors.ParseException) else None
    return _UNREADABLE.get(type(error), unread or HTTPStatus.INTERNAL_SERVER_ERROR)


class QuietWorker(ThreadWorker):  # type: ignore[misc]  # the same
    """Tells of a request that cannot be read as of any other, and writes no part of it into the log.

    Gunicorn answers with a page of its own and logs the request's first line, in which a mailed link's token stands.
    """

    def handle_error(self, req: object, client: Any, addr: object, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's
        """Answer on the connection itself: the application never saw the request."""
        status, request_id = _status_of(exc), uuid.uuid4().hex
        ours = exc if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
        _log.warning(
            "unreadable request", kind=type(exc).__name__, status=status.value, request_id=request_id,
            exc_info=ours,
        )  # fmt: skip
        try:
            write_nonblock(client, _serialize(status, request_id))
        except OSError as gone:
            _log.debug("who sent it has left", kind=type(gone).__name__)


def _serialize(status: HTTPStatus, request_id: str) -> bytes:
    document = problems.status_response(status)
    document.headers.extend(
        {
            "X-Request-ID": request_id,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
    )
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{document.headers}"
    return head.encode("latin-1") + document.get_data()


def open_bind(settings: WebSettings) -> str:
    """Open the port and return it as gunicorn's `bind`, to be closed by gunicorn. Raises SettingsError.

    Gunicorn itself would try a port that it cannot have five times, and name no setting.
    """
    return f"fd://{open_listener(settings.bind, 'IDENTITY_BIND', backlog=_BACKLOG).detach()}"


class Server(BaseApplication):  # type: ignore[misc]  # the same
    """Serves the application; it is made before the workers, which share its memory until they write to it."""

    def __init__(self, settings: WebSettings, shared: str | None = None) -> None:
        """Open the port, before anything else takes its time. Raises SettingsError."""
        self._settings = settings
        meters = Instruments(WEB, shared=shared)
        with ErrorCollector() as collector:
            with collector.step():
                self._bind = open_bind(settings)
            with collector.step():
                hooks = GunicornHooks(settings, meters, shared=shared)
            with collector.step():
                self._app = create_app(settings, instruments=meters)
        self._hooks = hooks.hooks(self._app)
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn up from our settings."""
        options: dict[str, Any] = {
            "bind": self._bind,
            "workers": self._settings.web_workers,
            "threads": self._settings.web_threads,
            "worker_class": QuietWorker,
            "keepalive": _KEEPALIVE_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "limit_request_line": _MAX_REQUEST_LINE,
            "limit_request_fields": 64,
            "preload_app": True,
            "pre_fork": _share_memory,
            **self._hooks,
            "accesslog": None,  # one line a request is ours, without the address that may hold a token
            "logger_class": RootLogger,
            "control_socket_disable": True,
            "proc_name": "identity",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application."""
        return self._app

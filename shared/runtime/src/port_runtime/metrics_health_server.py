"""Serves /metrics, /livez and /readyz of a process on its metrics and health port (OPS-4), which must not be public."""

from __future__ import annotations

import json
import os
import socket
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from port_runtime.health import run_checks
from port_runtime.logs import get_logger
from port_runtime.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_client import CollectorRegistry

    from port_runtime.health import Check
    from port_runtime.setting_parsers import HostPort

TIMEOUT_SECONDS: Final = 5
BACKLOG: Final = 64
log = get_logger("port_runtime.metrics_health_server")


def open_listener(address: HostPort, variable: str, *, backlog: int = BACKLOG) -> socket.socket:
    """Return a non-blocking listening socket, which forked processes may share. Raises SettingsError naming `variable`.

    `[::]` also accepts IPv4 where the system supports it.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server(
            (address.host, address.port), family=family, backlog=backlog, dualstack_ipv6=both
        )
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise SettingsError([f"{variable}: cannot listen on this address ({reason})"]) from None
    # Forked processes race for each connection: those that lose must not block in accept().
    listener.setblocking(False)
    return listener


class MetricsHealthServer:
    """Serves the port in threads of its own, so that it responds even if the process's loop is stuck."""

    def __init__(
        self, registry: CollectorRegistry, *, checks: Sequence[Check], alive: Callable[[], bool]
    ) -> None:
        self._metrics = make_wsgi_app(registry)
        self._checks, self._alive = checks, alive
        self._server: _Server | None = None

    def start(self, listener: socket.socket) -> None:
        """Serve on the socket in a background thread until `stop`."""
        self._server = _Server(listener, self._answer)
        threading.Thread(target=self._server.serve_forever, name="metrics-health-port", daemon=True).start()

    def stop(self) -> None:
        """Stop serving and close the socket."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return self._answer_to(environ, start_response)
        except Exception:
            log.exception("metrics and health port failed")
            start_response("500 Internal Server Error", [("Content-Length", "0")])
            return []

    def _answer_to(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return self._metrics(environ, start_response)  # type: ignore[no-any-return]  # prometheus-client does not type it
        if path == "/livez":
            is_alive = self._alive()
            return _json(start_response, {"status": "ok" if is_alive else "stuck"}, ok=is_alive)
        if path == "/readyz":
            report = run_checks(self._checks)
            status = "ok" if report.ok else "unavailable"
            return _json(start_response, {"status": status, "checks": dict(report.results)}, ok=report.ok)
        start_response("404 Not Found", [("Content-Length", "0")])
        return []


def _json(start_response: Any, body: dict[str, object], *, ok: bool) -> list[bytes]:
    data = json.dumps(body).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response("200 OK" if ok else "503 Service Unavailable", headers)
    return [data]


class _Handler(WSGIRequestHandler):
    """Logs no requests and drops slow clients."""

    timeout = TIMEOUT_SECONDS
    server_version = "operators-port"
    sys_version = ""

    def log_message(self, *arguments: object) -> None:
        pass


class _Server(ThreadingMixIn, WSGIServer):
    """A threading WSGI server on a socket that already listens."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, application: Any) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()[:2]
        self.setup_environ()
        self.set_app(application)

    def handle_error(self, *_arguments: object) -> None:
        """Ignore errors of connections, such as clients that disconnect; `_answer` logs errors of the server."""

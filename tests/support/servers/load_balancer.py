"""A load balancer for HTTP/1.1 in front of several instances.

It keeps the clients' connections open, like a production load balancer. If it cannot connect to an instance, it tries
another one, because no data was sent. Without an instance left it answers 503, after any other failure 502.
"""

import http.client
import itertools
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import serve_http

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})
_SECONDS = 30


class LoadBalancer:
    """Chooses the instances in turn, by port. `failures` lists the requests that it answered with 502 or 503."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight: dict[int, int] = {}
        self._draining: set[int] = set()
        self._round_robin = itertools.count()
        self.failures: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, port: int) -> None:
        """Wait until an instance is ready, and then choose it too."""
        wait_until(lambda: _is_ready(port), what=f"readiness at {port}", timeout_seconds=60)
        with self._lock:
            self._in_flight.setdefault(port, 0)
            self._draining.discard(port)

    def drain(self, port: int) -> None:
        """Send no new requests to an instance; wait until those in flight are answered."""
        with self._lock:
            self._draining.add(port)
        wait_until(lambda: self._in_flight[port] == 0, what="its last answers", timeout_seconds=60)

    @contextmanager
    def instance(self, tried: set[int]) -> Iterator[int]:
        """Choose the next instance not in `tried`, and count a request as in flight until the block ends.

        Raises LookupError if every instance is draining or in `tried`.
        """
        with self._lock:
            ports = sorted(set(self._in_flight) - self._draining - tried)
            if not ports:
                raise LookupError
            port = ports[next(self._round_robin) % len(ports)]
            self._in_flight[port] += 1
        try:
            yield port
        finally:
            with self._lock:
                self._in_flight[port] -= 1


@contextmanager
def run_load_balancer() -> Iterator[LoadBalancer]:
    balancer = LoadBalancer()
    server = _Server(balancer)
    balancer.port = server.server_port
    with serve_http(server):
        yield balancer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, balancer: LoadBalancer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.balancer = balancer


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        balancer = self.server.balancer
        tried: set[int] = set()
        while True:
            try:
                with balancer.instance(tried) as port:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
                    try:
                        connection.connect()
                    except OSError:
                        tried.add(port)
                        continue
                    with closing(connection):
                        return self._answer(*self._forward(connection, body))
            except LookupError:
                balancer.failures.append(f"{self.command} {self.path}: no instance")
                return self._answer(503, {}, b"")
            except (OSError, http.client.HTTPException) as error:
                balancer.failures.append(f"{self.command} {self.path}: {type(error).__name__}")
                return self._answer(502, {}, b"")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 - the base class' names

    def _forward(
        self, connection: http.client.HTTPConnection, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Suppress the access log."""


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError), closing(connection):
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False

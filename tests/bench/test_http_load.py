"""The load generator counts every request that it sent."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench import http_load
from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import serve_http


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.is_unavailable = False
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        assert isinstance(self.server, Server)
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(503 if self.server.is_unavailable else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serve_http(server) as server.url:
        yield server


def _request(server: Server) -> http_load.Request:
    return http_load.Request(url=f"{server.url}/", method="POST", bodies=["one", "two"])


def test_requests_answered_after_the_end_are_counted_but_not_in_the_rate(server: Server) -> None:
    result = http_load.run(_request(server), clients=4, seconds=0.1)

    assert result.requests == len(server.bodies)
    assert abs(server.bodies.count(b"one") - server.bodies.count(b"two")) <= 1
    assert 0 < result.median_ms <= result.p99_ms


def test_a_stopped_load_returns_its_result(server: Server) -> None:
    with http_load.running(_request(server), clients=4) as running:
        wait_until(lambda: len(server.bodies) > 10, what="the load")
        result = running.stop()

    assert result.requests == len(server.bodies)


def test_refused_requests_fail_the_load(server: Server) -> None:
    server.is_unavailable = True

    with pytest.raises(AssertionError, match="requests were refused"):
        http_load.run(_request(server), clients=2, seconds=0.05)

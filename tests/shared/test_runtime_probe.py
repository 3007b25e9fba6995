"""The health check of the container images."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from port_runtime.probe import main

from tests.support.servers.ports import free_port


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"/readyz": 200, "/moved": 302}.get(self.path, 503))
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    made = HTTPServer(("127.0.0.1", 0), _Answering)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.rule("OPS-4")
def test_status_200_passes(server: str) -> None:
    assert main([f"{server}/readyz"]) == 0


@pytest.mark.rule("OPS-4")
@pytest.mark.parametrize(("path", "said"), [("/livez", "answered 503"), ("/moved", "answered 302")])
def test_any_other_status_is_named(
    server: str, path: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{server}{path}"]) == 1
    assert capsys.readouterr().err == f"{server}{path}: {said}\n"


@pytest.mark.rule("OPS-4")
def test_a_refused_connection_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    address = f"http://127.0.0.1:{free_port()}/readyz"

    assert main([address]) == 1
    assert capsys.readouterr().err == f"{address}: ConnectionRefusedError\n"


@pytest.mark.rule("OPS-4")
def test_a_proxy_in_the_environment_is_ignored(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    assert main([f"{server}/readyz"]) == 0

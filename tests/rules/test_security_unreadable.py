"""Malformed HTTP gets a problem document, and its content is not logged (SEC-9, SEC-13)."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.harness.installation import Installation

SECRET = "token-of-a-mailed-link"
REQUESTS: dict[str, tuple[bytes, int]] = {
    "no version": (f"GET /email/verify?token={SECRET}\r\n\r\n".encode(), 400),
    "a version that is none": (f"GET /email/verify?token={SECRET} HTTP/9\r\n\r\n".encode(), 400),
    "a control character": (f"GET / HTTP/1.1\r\nHost: x\r\nX\x01: {SECRET}\r\n\r\n".encode(), 400),
    "a folded header": (f"GET / HTTP/1.1\r\nHost: x\r\nX: 1\r\n {SECRET}\r\n\r\n".encode(), 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "an unknown coding": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", 400),
    "a long address": (f"GET /?token={SECRET}{'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 414),
    "a long header": (f"GET / HTTP/1.1\r\nHost: x\r\nX: {SECRET}{'x' * 9000}\r\n\r\n".encode(), 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200 + b"\r\n", 431),
}


def _answer(installation: Installation, request: bytes) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(installation.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as connection:
        connection.sendall(request)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


@pytest.mark.rule("SEC-9", "SEC-13")
def test_malformed_http_gets_a_problem_document_and_is_never_logged(
    installation_on_sqlite: Installation,
) -> None:
    (web,) = installation_on_sqlite.start("web")

    answers = {name: _answer(installation_on_sqlite, request) for name, (request, _) in REQUESTS.items()}

    assert {name: status for name, (status, _, _) in answers.items()} == {
        name: status for name, (_, status) in REQUESTS.items()
    }
    for status, headers, body in answers.values():
        assert headers["Content-Type"] == "application/problem+json"
        assert json.loads(body)["status"] == status
        assert headers["X-Request-ID"] in web.output
    assert SECRET not in web.output

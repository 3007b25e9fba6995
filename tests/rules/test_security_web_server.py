"""The web server in production: accepted hosts, forwarding headers, malformed and incomplete HTTP (SEC-16)."""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.actors.consent_texts import write_consents
from tests.support.harness.installation import Installation
from tests.support.harness.processes import Program
from tests.support.harness.system import Servers

PUBLIC: Final = "pass.example.tw"
EVIL: Final = "evil.example"
SETTINGS: Final = {
    "IDENTITY_MODE": "production",
    "IDENTITY_PUBLIC_URL": f"https://{PUBLIC}",
    "IDENTITY_MORE_HOSTS": "identity:8000, 港.example.tw",
    "IDENTITY_REVIEW": "none",
    "IDENTITY_WEB_WORKERS": "1",
    "IDENTITY_HEADER_TIMEOUT": "3s",
    "IDENTITY_BODY_TIMEOUT": "3s",
    "IDENTITY_ARGON2_MEMORY_KIB": "19456",
    "IDENTITY_ARGON2_PASSES": "2",
    # Gunicorn's own variables
    "FORWARDED_ALLOW_IPS": "*, nonsense",
    "SCRIPT_NAME": f"//{EVIL}",
}

SECRET = "token-of-a-mailed-link"
REQUESTS: dict[str, tuple[bytes, int]] = {
    "no version": (f"GET /email/verify?token={SECRET}\r\n\r\n".encode(), 400),
    "an invalid version": (f"GET /email/verify?token={SECRET} HTTP/9\r\n\r\n".encode(), 400),
    "a control character": (f"GET / HTTP/1.1\r\nHost: x\r\nX\x01: {SECRET}\r\n\r\n".encode(), 400),
    "a folded header": (f"GET / HTTP/1.1\r\nHost: x\r\nX: 1\r\n {SECRET}\r\n\r\n".encode(), 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "an unknown coding": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\n", 400),
    "a long address": (f"GET /?token={SECRET}{'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 414),
    "a long header": (f"GET / HTTP/1.1\r\nHost: x\r\nX: {SECRET}{'x' * 9000}\r\n\r\n".encode(), 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200 + b"\r\n", 431),
}


class Server(NamedTuple):
    url: str
    web: Program


@pytest.fixture(scope="module")
def server(
    servers: Servers, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One web server with production settings, for all tests of this file."""
    directory = tmp_path_factory.mktemp("server")
    shutil.copy(sqlite_template, directory / "identity.db")
    with ExitStack() as stack:
        installation = Installation(
            servers.redis,
            servers.smtp,
            f"sqlite:///{directory}/identity.db",
            stack=stack,
            directory=directory,
        )
        consents = write_consents(directory / "consents")
        (web,) = installation.start("web", **SETTINGS, IDENTITY_CONSENT_DIR=str(consents))
        yield Server(installation.url, web)


def get(server: Server, path: str, *, host: str = PUBLIC, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}{path}", headers={"Host": host, **headers}, trust_env=False)


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    "host", [PUBLIC, PUBLIC.upper(), f"{PUBLIC}:443", "identity:8000", "xn--j6w.example.tw"]
)
def test_requests_for_the_public_host_and_the_listed_hosts_are_answered(server: Server, host: str) -> None:
    assert get(server, "/api/v1/consents", host=host).status_code == 200


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    "host",
    [EVIL, f"{PUBLIC}:8443", f"{PUBLIC}.{EVIL}", f"{PUBLIC}@{EVIL}", "identity", "127.0.0.1", "", "[", "a/"],
)
def test_a_foreign_host_gets_421_except_for_the_probes(server: Server, host: str) -> None:
    answers = {
        path: get(server, path, host=host).status_code
        for path in (
            "/",
            "/api/v1/session",
            "/static/portal.css",
            "/.well-known/jwks.json",
            "/livez",
            "/readyz",
        )
    }

    assert answers == {
        "/": 421, "/api/v1/session": 421, "/static/portal.css": 421, "/.well-known/jwks.json": 421,
        "/livez": 200, "/readyz": 200,
    }  # fmt: skip
    assert get(server, "/api/v1/session", host=host).json()["code"] == "misdirected_request"


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCRIPT_NAME", f"//{EVIL}"),
        ("SCRIPT_NAME", "/front"),
        ("PATH_INFO", "/api/v1/consents"),
        ("X-Forwarded-Host", EVIL),
        ("X-Forwarded-Prefix", f"//{EVIL}"),
        ("X-Forwarded-Protocol", "ssl"),
        ("X-Forwarded-Ssl", "on"),
    ],
)
def test_forwarding_headers_of_a_peer_on_loopback_are_ignored(server: Server, name: str, value: str) -> None:
    page = get(server, "/", **{name: value})
    past_a_rule = get(server, "/front/api/v1/consents", **{name: value})
    redirect = get(server, "/profile", **{name: value})

    assert (page.status_code, past_a_rule.status_code) == (200, 404)
    assert EVIL not in page.text + redirect.headers.get("Location", "") + redirect.text


def exchange(server: Server, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes; return status, headers and body of the answer."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as connection:
        connection.sendall(request)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.rule("SEC-9", "SEC-13")
def test_malformed_http_gets_a_problem_document_and_is_never_logged(server: Server) -> None:
    answers = {name: exchange(server, request) for name, (request, _) in REQUESTS.items()}

    assert {name: status for name, (status, _, _) in answers.items()} == {
        name: status for name, (_, status) in REQUESTS.items()
    }
    for status, headers, body in answers.values():
        assert headers["Content-Type"] == "application/problem+json"
        assert json.loads(body)["status"] == status
        assert headers["X-Request-ID"] in server.web.output
    assert SECRET not in server.web.output


@pytest.mark.rule("SEC-8", "SEC-13")
def test_answers_to_malformed_http_have_the_headers_of_every_answer(server: Server) -> None:
    usual = get(server, "/api/v1/nothing").headers
    varying = {"content-length", "content-type", "date", "server", "vary", "x-request-id", "connection"}
    expected = {name: value for name, value in usual.items() if name not in varying}

    for name, (request, _) in REQUESTS.items():
        headers = {name.lower(): value for name, value in exchange(server, request)[1].items()}
        assert expected.items() <= headers.items(), name

    assert expected.keys() >= {"strict-transport-security", "content-security-policy", "cache-control"}


@pytest.mark.rule("OPS-4")
def test_log_lines_of_malformed_http_have_no_ids_of_other_requests(server: Server) -> None:
    trace, client_id = "0af7651916cd43dd8448eb211c80319c", "an-earlier-request"
    traced = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Request-ID": client_id}
    get(server, "/api/v1/session", **traced)

    ids = [exchange(server, request)[1]["X-Request-ID"] for request, _ in REQUESTS.values()]

    lines = [json.loads(line) for line in server.web.output.splitlines() if "unreadable request" in line]
    ours = [line for line in lines if line["request_id"] in ids]
    assert len(ours) == len(set(ids)) == len(REQUESTS)
    assert all("trace_id" not in line and "client_request_id" not in line for line in ours)
    assert trace in server.web.output


POST: Final = b"POST /api/v1/sessions HTTP/1.1\r\nHost: pass.example.tw\r\nContent-Type: application/json\r\n"
LIVE: Final = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
HALF: Final = {
    "nothing": b"",
    "half a request line": b"GET /live",
    "half a header": LIVE,
    "half a body": POST + b"Content-Length: 9\r\n\r\n{",
    "a body that has not arrived": POST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{",
    "chunks without an end": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "a second half": LIVE + b"\r\n" + LIVE,
}


def connect(server: Server, *, timeout: float = 20) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port or 0), timeout=timeout)


def is_live(server: Server) -> bool:
    """Request /livez on a new connection, and wait at most 2 s for the answer."""
    return httpx.get(f"{server.url}/livez", timeout=2, trust_env=False).status_code == 200


@pytest.mark.rule("SEC-16")
def test_incomplete_requests_occupy_no_thread_and_end_at_their_deadline(server: Server) -> None:
    with ExitStack() as stack:
        opened = [
            (name, stack.enter_context(connect(server))) for name in HALF for _ in range(200 // len(HALF))
        ]
        for name, connection in opened:
            connection.sendall(HALF[name])

        live = [is_live(server) for _ in range(3)]
        answers = [(name, connection.makefile("rb").read()) for name, connection in opened]

    assert live == [True] * 3
    for name, answer in answers:
        assert (b"HTTP/1.1 408 Request Timeout" in answer) == (name != "nothing"), name
        assert (b"strict-transport-security" in answer.lower()) == (name != "nothing"), name
        assert (b"100 Continue" in answer) == (name == "a body that has not arrived"), name


@pytest.mark.rule("OIDC-3")
def test_long_authorization_requests_reach_the_provider(server: Server) -> None:
    answer = get(server, f"/oauth/authorize?client_id=unknown&state={'x' * 8000}")

    assert answer.status_code == 400


@pytest.mark.rule("SEC-16")
def test_clients_that_keep_their_side_open_occupy_no_thread(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(server)).sendall(LIVE + b"Connection: close\r\n\r\n")

        assert is_live(server)


@pytest.mark.rule("SEC-16")
@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (LIVE + b"\r\n" + LIVE + b"Connection: close\r\n\r\n", [200, 200]),
        (POST + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}", [422]),
        (POST + b"Content-Length: 2\r\n\r\n{}" + LIVE + b"Connection: close\r\n\r\n", [422, 200]),
        (POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", [422]),
        (POST + b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n{}", [422]),
        (POST + b"Content-Length: 70000\r\nExpect: 100-continue\r\n\r\n", [413]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n11171\r\n" + b"x" * 70001, [413]),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 20000, [431]),
        (b"GET /" + b"x" * 9000, [414]),
        (b"GET / HTTP/1.1\nHost: x\n\n", [400]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [1000, 7])
def test_requests_in_pieces_are_answered_like_requests_in_one_piece(
    server: Server, request_bytes: bytes, statuses: list[int], piece: int
) -> None:
    with connect(server, timeout=10) as connection:
        for start in range(0, min(len(request_bytes), 50 * piece), piece):
            connection.sendall(request_bytes[start : start + piece])
        connection.sendall(request_bytes[50 * piece :])
        answer = connection.makefile("rb").read()

    # "100 Continue" is sent to a client that has not sent its body yet.
    assert [int(each) for each in re.findall(rb"HTTP/1.1 (\d+)", answer) if each != b"100"] == statuses

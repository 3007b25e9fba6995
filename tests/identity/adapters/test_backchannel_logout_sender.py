"""A logout token is sent only to the registered URI, within one deadline (OIDC-22)."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from identity.adapters.backchannel_logout_sender import HttpLogoutSender
from identity.usecases.ports.backchannel_logout_sender import ClientUnreachable

from tests.support.servers.certificates import self_signed
from tests.support.servers.logout_receiver import LogoutReceiver, logout_receiver
from tests.support.servers.ports import free_port

pytestmark = pytest.mark.rule("OIDC-22")

SHORT_SECONDS = 0.4
LONG_SECONDS = 20.0
"""A busy machine may need seconds for a TLS handshake."""
Talk = Callable[[socket.socket], None]


@contextmanager
def server(talk: Talk, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Accept connections and serve each with `talk`; yield the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk_safely, args=(connected,), daemon=True).start()

    def talk_safely(connected: socket.socket) -> None:
        try:
            with tls.wrap_socket(connected, server_side=True) if tls else connected as open_socket:
                talk(open_socket)
        except OSError:
            pass  # the sender has closed the connection

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


@pytest.fixture
def receiver() -> Iterator[LogoutReceiver]:
    with logout_receiver() as receiver:
        yield receiver


def sender(*, https_only: bool = False, timeout_seconds: float = LONG_SECONDS) -> HttpLogoutSender:
    return HttpLogoutSender(https_only=https_only, timeout_seconds=timeout_seconds)


def error_of(uri: str, *, https_only: bool = False, timeout_seconds: float = LONG_SECONDS) -> str:
    with pytest.raises(ClientUnreachable) as raised:
        sender(https_only=https_only, timeout_seconds=timeout_seconds).send(uri, "token")
    return str(raised.value)


def say_nothing(connected: socket.socket) -> None:
    while connected.recv(4096):
        pass


def drip(text: bytes) -> Talk:
    def talk(connected: socket.socket) -> None:
        connected.sendall(text)
        while True:
            connected.sendall(b"x")
            connected.settimeout(0.05)
            try:
                if not connected.recv(4096):
                    return
            except TimeoutError:
                pass

    return talk


def answer(text: bytes) -> Talk:
    def talk(connected: socket.socket) -> None:
        # Reads the whole request: closing earlier would reset the connection and lose the answer.
        received = b""
        while not received.endswith(b"logout_token=token") and (part := connected.recv(4096)):
            received += part
        connected.sendall(text)

    return talk


@pytest.mark.parametrize(
    "talk", [say_nothing, drip(b"HTTP/1.1 200 OK\r\nX: "), drip(b"HTTP/1.1 1"), drip(b"")],
    ids=["silence", "header without end", "status without end", "no HTTP without end"],
)  # fmt: skip
def test_the_sender_gives_up_a_hanging_client_at_the_deadline(talk: Talk) -> None:
    started = time.monotonic()
    before = threading.active_count()

    with server(talk) as port:
        error = error_of(f"http://127.0.0.1:{port}/", timeout_seconds=SHORT_SECONDS)
        seconds = time.monotonic() - started

    assert error in {"timeout", "unreachable"}
    assert seconds < LONG_SECONDS / 4
    assert threading.active_count() <= before + 3


def test_the_sender_gives_up_an_endless_tls_handshake() -> None:
    with server(drip(b"\x16\x03\x03\x40\x00")) as port:
        error = error_of(f"https://127.0.0.1:{port}/", timeout_seconds=SHORT_SECONDS)

    assert error in {"timeout", "unreachable"}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100_000, 200),
        (b"HTTP/1.0 503 \r\n\r\n", 503),
    ],
)
def test_only_the_status_is_read(text: bytes, status: int) -> None:
    with server(answer(text)) as port:
        assert sender().send(f"http://127.0.0.1:{port}/", "token") == status


@pytest.mark.parametrize("text", [b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500])
def test_an_answer_that_is_not_http_counts_as_unreachable(text: bytes) -> None:
    with server(answer(text)) as port:
        assert error_of(f"http://127.0.0.1:{port}/") == "unreachable"


def test_redirects_are_not_followed(receiver: LogoutReceiver) -> None:
    receiver.answers = [302]

    status = sender().send(f"{receiver.url}/logout", "token")

    assert (status, [each.path for each in receiver.received]) == (302, ["/logout"])


def test_proxies_of_the_environment_are_ignored(
    receiver: LogoutReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    assert sender().send(f"{receiver.url}/logout", "token") == 200


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "unix:///run/x", "//127.0.0.1/", "", "http://",
        "http://127.0.0.1:x/", "http://127.0.0.1:99999/", "http://[::1/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_other_schemes_and_malformed_uris_are_refused(uri: str) -> None:
    assert error_of(uri) == "unusable URI"


def test_production_accepts_only_https(receiver: LogoutReceiver) -> None:
    assert error_of(f"{receiver.url}/logout", https_only=True) == "unusable URI"
    assert receiver.received == []


def test_an_unknown_host_is_unreachable() -> None:
    assert error_of("http://nobody.invalid/", timeout_seconds=SHORT_SECONDS) in {"unreachable", "timeout"}


def test_nothing_is_sent_to_a_uri_with_a_space(receiver: LogoutReceiver) -> None:
    assert error_of(f"{receiver.url}/a b") == "unreachable"
    assert receiver.received == []


def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    with ExitStack() as stack:
        # Each attempt gets its own server, because a refused handshake may still occupy the server.
        ports = [
            stack.enter_context(server(answer(b"HTTP/1.1 200 OK\r\n\r\n"), tls=certificate.server_context()))
            for _ in range(3)
        ]
        untrusted = error_of(f"https://127.0.0.1:{ports[0]}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.ca_file))
        other_name = error_of(f"https://127.0.0.2:{ports[1]}/")

        trusted = sender(https_only=True).send(f"https://127.0.0.1:{ports[2]}/", "token")

    assert (untrusted, trusted) == ("certificate not trusted", 200)
    assert other_name in {"certificate not trusted", "unreachable"}

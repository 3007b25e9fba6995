"""Connections to the mail server: encryption, login, reuse, pipelining, and abandoned mails."""

import socket
import threading
from collections.abc import Callable

import pytest

from mailer.domain.errors import AbandonedError, NotSentError, ServerUnavailableError
from mailer.domain.mail import Mailbox
from tests.mailer.transports import OpenTransport, new_mail
from tests.support.servers import smtp
from tests.support.servers.ports import free_port
from tests.support.servers.smtp import Login

StartSmtp = Callable[..., smtp.SmtpServer]
LOGIN = Login("mailer@example.tw", "p@ss:w/ord%")
LOGIN_URL = "mailer%40example.tw:p%40ss%3Aw%2Ford%25@"


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(("tls", "scheme"), [("starttls", "smtp+starttls"), ("implicit", "smtps")])
def test_mails_are_sent_encrypted_after_a_login(
    start_smtp: StartSmtp, tls: str, scheme: str, open_transport: OpenTransport
) -> None:
    server = start_smtp(tls=tls, login=LOGIN)
    transport = open_transport(f"{scheme}://{LOGIN_URL}localhost:{server.port}", ca_file=server.ca_file)

    transport.send(new_mail())

    assert server.mailbox.count("ming@example.com") == 1


@pytest.mark.rule("MAIL-5")
def test_mails_wait_if_the_server_cannot_accept_the_sender(
    start_scripted: "StartScripted", open_transport: OpenTransport
) -> None:
    server = start_scripted(["250 hello"])
    transport = open_transport(f"smtp://127.0.0.1:{server.port}", mail_from=Mailbox("港務@example.tw"))

    with pytest.raises(NotSentError, match="misconfigured") as waits:
        transport.send(new_mail())

    assert not waits.value.rule.permanent


def test_a_wrong_password_makes_the_server_unavailable(
    start_smtp: StartSmtp, open_transport: OpenTransport
) -> None:
    server = start_smtp(tls="starttls", login=LOGIN)
    transport = open_transport(
        f"smtp+starttls://mailer%40example.tw:wrong@localhost:{server.port}", ca_file=server.ca_file
    )

    with pytest.raises(ServerUnavailableError, match="login refused"):
        transport.send(new_mail())
    assert transport.is_unavailable()


def test_an_untrusted_certificate_is_refused(start_smtp: StartSmtp, open_transport: OpenTransport) -> None:
    server = start_smtp(tls="starttls", login=LOGIN)
    transport = open_transport(f"smtp+starttls://{LOGIN_URL}localhost:{server.port}")

    with pytest.raises(ServerUnavailableError, match="SSLCertVerificationError"):
        transport.send(new_mail())
    assert server.mailbox.count() == 0


def test_a_certificate_of_another_host_is_not_trusted(
    start_smtp: StartSmtp, open_transport: OpenTransport
) -> None:
    server = start_smtp(tls="implicit")
    transport = open_transport(f"smtps://127.0.0.2:{server.port}", ca_file=server.ca_file)

    with pytest.raises(ServerUnavailableError):
        transport.send(new_mail())


def test_a_server_without_starttls_is_refused(
    smtp_server: smtp.SmtpServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(f"smtp+starttls://127.0.0.1:{smtp_server.port}")

    with pytest.raises(ServerUnavailableError, match="SMTPNotSupportedError"):
        transport.send(new_mail())
    assert smtp_server.mailbox.count() == 0


def test_one_connection_serves_many_mails(
    smtp_server: smtp.SmtpServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(smtp_server.url)

    for number in range(10):
        transport.send(new_mail(f"u{number}@example.com"))

    assert smtp_server.mailbox.count() == 10
    assert smtp_server.connections == 1


def test_idle_connections_are_closed(smtp_server: smtp.SmtpServer, open_transport: OpenTransport) -> None:
    transport = open_transport(smtp_server.url)
    transport.send(new_mail())

    transport.close_idle(older_than_seconds=0)
    transport.send(new_mail())

    assert smtp_server.connections == 2


def test_a_silent_server_is_unavailable_after_the_timeout(
    smtp_server: smtp.SmtpServer, open_transport: OpenTransport
) -> None:
    smtp_server.hang(at="mail")
    transport = open_transport(smtp_server.url, sender=0.2)

    with pytest.raises(ServerUnavailableError):
        transport.send(new_mail())
    assert transport.is_unavailable()
    smtp_server.stop()


def test_no_attempt_is_made_while_the_circuit_breaker_is_open(open_transport: OpenTransport) -> None:
    transport = open_transport(f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(ServerUnavailableError) as first:
        transport.send(new_mail())

    with pytest.raises(ServerUnavailableError, match="waiting") as second:
        transport.send(new_mail())

    assert second.value.retry_at == first.value.retry_at


def test_an_address_that_needs_smtputf8_is_refused_by_a_server_without_it(
    start_scripted: "StartScripted", open_transport: OpenTransport
) -> None:
    server = start_scripted(["250-hello", "250 8BITMIME"])
    transport = open_transport(f"smtp://127.0.0.1:{server.port}")

    with pytest.raises(NotSentError) as refusal:
        transport.send(new_mail("錢@example.com"))

    assert refusal.value.rule.permanent


def test_a_server_with_pipelining_gets_the_envelope_in_one_write(
    start_scripted: "StartScripted", open_transport: OpenTransport
) -> None:
    server = start_scripted(["250-hello", "250 PIPELINING"])
    transport = open_transport(f"smtp://127.0.0.1:{server.port}")

    transport.send(new_mail())

    assert b"MAIL FROM:<hep@example.tw>\r\nRCPT TO:<ming@example.com>\r\nDATA\r\n" in server.pieces


def test_a_pipelined_refusal_leaves_the_connection_usable(
    start_scripted: "StartScripted", open_transport: OpenTransport
) -> None:
    server = start_scripted(["250-hello", "250 PIPELINING"], refused="bad@example.com")
    transport = open_transport(f"smtp://127.0.0.1:{server.port}")

    with pytest.raises(NotSentError, match="mailbox_unknown"):
        transport.send(new_mail("bad@example.com"))
    transport.send(new_mail("good@example.com"))

    assert server.connections == 1


@pytest.mark.rule("MAIL-3")
@pytest.mark.parametrize("greeting", [["250 hello"], ["250-hello", "250 PIPELINING"]])
def test_an_abandoned_mail_is_not_accepted_by_the_server(
    start_scripted: "StartScripted", open_transport: OpenTransport, greeting: list[str]
) -> None:
    server = start_scripted(greeting)
    transport = open_transport(f"smtp://127.0.0.1:{server.port}")

    with pytest.raises(AbandonedError):
        transport.send(new_mail(), should_send=lambda: False)
    transport.send(new_mail("good@example.com"))

    assert b"".join(server.pieces).count(b"\r\n.\r\n") == 1
    assert server.connections == 2


class ScriptedServer:
    """A minimal server that records the bytes of each read, which aiosmtpd does not."""

    def __init__(self, greeting: list[str], refused: str = "") -> None:
        self._greeting, self._refused = greeting, refused
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.pieces: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(b"220 scripted\r\n")
        in_message = False
        while piece := connection.recv(65536):
            self.pieces.append(piece)
            for line in piece.split(b"\r\n")[:-1]:
                if in_message:
                    in_message = line != b"."
                    answer = "" if in_message else "250 accepted"
                else:
                    answer = self._answer(line.decode())
                    in_message = answer.startswith("354")
                if answer:
                    connection.sendall(answer.encode() + b"\r\n")

    def _answer(self, line: str) -> str:
        if line.upper().startswith("EHLO"):
            return "\r\n".join(self._greeting)
        if line.startswith("RCPT") and self._refused and self._refused in line:
            return "550 5.1.1 unknown"
        return "354 go on" if line == "DATA" else "250 ok"


StartScripted = Callable[..., ScriptedServer]


@pytest.fixture
def start_scripted(request: pytest.FixtureRequest) -> StartScripted:
    def start(greeting: list[str], refused: str = "") -> ScriptedServer:
        server = ScriptedServer(greeting, refused)
        request.addfinalizer(server.close)
        return server

    return start

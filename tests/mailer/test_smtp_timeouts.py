"""The mailer waits for slow replies as long as RFC 5321 requires, without a delay for other mails."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import pytest

from mailer.adapters.smtp.connection import NoSessionError
from mailer.adapters.smtp.server_settings import Timeouts
from mailer.adapters.smtp.transport import SmtpTransport
from mailer.bulkhead import Bulkhead
from mailer.domain.errors import AbandonedError, NotSentError, ServerUnavailableError, SlowDomainError
from tests.mailer.transports import OpenTransport, new_mail
from tests.support.harness.polling import wait_until
from tests.support.servers.smtp import SmtpServer
from tests.support.servers.smtp_script import Step

SLOW = 0.5  # seconds; even on a busy machine, only a reply that a test delays takes so long


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


class Sender:
    """Sends in threads, like the workers of a mailer, with one active and one slow slot."""

    def __init__(self, pool: ThreadPoolExecutor, transport: SmtpTransport, bulkhead: Bulkhead) -> None:
        self._pool, self._transport, self._bulkhead = pool, transport, bulkhead

    def send(self, address: str) -> "Future[None]":
        def sent() -> None:
            with self._bulkhead.active_slot():
                self._transport.send(new_mail(address))

        return self._pool.submit(sent)


@pytest.fixture
def sender(pool: ThreadPoolExecutor, smtp_server: SmtpServer, open_transport: OpenTransport) -> Sender:
    bulkhead = Bulkhead(1)
    return Sender(pool, open_transport(smtp_server.url, bulkhead=bulkhead, slow=SLOW), bulkhead)


@pytest.mark.rule("MAIL-5")
def test_the_time_outs_equal_rfc_5321s() -> None:
    defaults = Timeouts()

    assert (defaults.greeting, defaults.sender, defaults.recipient) == (300, 300, 300)
    assert (defaults.data, defaults.block, defaults.final) == (120, 180, 600)


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize("at", ["rcpt", "go_ahead", "data", "accepted"])
def test_a_slow_mail_is_sent_once_and_delays_no_other(
    smtp_server: SmtpServer, sender: Sender, at: Step
) -> None:
    smtp_server.hold("slow@slow.example", at=at)
    slow = sender.send("slow@slow.example")
    wait_until(lambda: smtp_server.script.reached[at], what="the slow mail")

    sender.send("quick@example.com").result(10)
    is_waiting = not slow.done()
    smtp_server.release()
    slow.result(10)

    assert is_waiting
    assert [mail.to for mail in smtp_server.mailbox.all()].count("slow@slow.example") == 1


@pytest.mark.rule("MAIL-5")
def test_slow_mails_without_a_slot_are_deferred_and_delay_no_other(
    smtp_server: SmtpServer, sender: Sender
) -> None:
    smtp_server.hold(at="rcpt", times=2)
    first = sender.send("first@slow.example")
    wait_until(lambda: smtp_server.script.reached["rcpt"] == 1, what="the slow mail")

    second, third = sender.send("second@slow.example"), sender.send("third@slow.example")
    sender.send("quick@example.com").result(10)

    assert isinstance(second.exception(10), SlowDomainError)
    assert isinstance(third.exception(10), SlowDomainError)
    assert smtp_server.script.reached["rcpt"] == 3  # the third mail, to a slow domain, was not tried
    smtp_server.release()
    first.result(10)


@pytest.mark.rule("MAIL-3")
def test_the_reply_to_a_complete_message_is_awaited_for_any_number_of_slow_mails(
    smtp_server: SmtpServer, sender: Sender
) -> None:
    smtp_server.hold(at="accepted", times=2)
    first, second = sender.send("first@a.example"), sender.send("second@b.example")
    wait_until(lambda: smtp_server.mailbox.count() == 2, what="both messages")

    with pytest.raises(TimeoutError):
        second.result(3 * SLOW)
    smtp_server.release()

    assert (first.result(10), second.result(10)) == (None, None)
    assert smtp_server.mailbox.count() == 2


@pytest.mark.rule("MAIL-5")
def test_a_domain_is_no_longer_slow_after_a_quick_mail(smtp_server: SmtpServer, sender: Sender) -> None:
    smtp_server.hold(at="rcpt", times=1)
    slow = sender.send("first@slow.example")
    wait_until(lambda: smtp_server.script.reached["rcpt"] == 1, what="the slow mail")
    sender.send("quick@example.com").result(10)
    smtp_server.release()
    slow.result(10)

    sender.send("second@slow.example").result(10)
    smtp_server.hold("third@other.example", times=1)
    holding = sender.send("third@other.example")
    wait_until(lambda: smtp_server.script.reached["rcpt"] == 4, what="a mail in the slow slot")
    sender.send("fourth@slow.example").result(10)

    assert not holding.done()
    smtp_server.release()
    holding.result(10)


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize(("at", "name"), [("rcpt", "recipient"), ("go_ahead", "data"), ("accepted", "final")])
def test_a_mail_without_a_reply_in_time_waits(
    smtp_server: SmtpServer, open_transport: OpenTransport, at: Step, name: str
) -> None:
    transport = open_transport(smtp_server.url, **{name: SLOW})
    smtp_server.hold("bad@example.com", at=at)

    with pytest.raises(NotSentError) as waits:
        transport.send(new_mail("bad@example.com"))
    transport.send(new_mail("good@example.com"))
    smtp_server.release()

    assert (waits.value.rule.permanent, waits.value.rule.category) == (False, "temporarily_refused")
    assert smtp_server.mailbox.count("good@example.com") == 1


@pytest.mark.rule("MAIL-5")
def test_a_server_that_does_not_greet_is_unavailable(open_transport: OpenTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = open_transport(f"smtp://127.0.0.1:{silent.getsockname()[1]}", greeting=SLOW)

        with pytest.raises(ServerUnavailableError, match="no reply in time"):
            transport.send(new_mail())

    assert transport.is_unavailable()


def test_the_check_of_the_connection_does_not_wait_as_long(open_transport: OpenTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = open_transport(f"smtp://127.0.0.1:{silent.getsockname()[1]}", connect=SLOW)

        with pytest.raises(NoSessionError, match="no reply in time"):
            transport.check()


class StallingServer:
    """A server that accepts the envelope, reads nothing of the message, and refuses it once `may_end` is set."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.may_end = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.may_end.set()
        self._listening.close()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.sendall(b"220 hello\r\n")
            for reply in (b"250 hello", b"250 ok", b"250 ok", b"354 go on"):
                connection.recv(1000)
                connection.sendall(reply + b"\r\n")
            self.may_end.wait(10)
            connection.sendall(b"552 5.3.4 too big\r\n")


@pytest.fixture
def stalling() -> Iterator[StallingServer]:
    with closing(StallingServer()) as server:
        yield server


LONG = "長" * 4_000_000


@pytest.mark.rule("MAIL-3")
def test_a_stalled_message_is_abandoned_when_its_claim_is_lost(
    stalling: StallingServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(f"smtp://127.0.0.1:{stalling.port}")
    answers = iter([True, False])

    with pytest.raises(AbandonedError):
        transport.send(new_mail(text=LONG), should_send=lambda: next(answers))


@pytest.mark.rule("MAIL-5")
def test_a_refusal_in_the_middle_of_the_message_is_read(
    stalling: StallingServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(f"smtp://127.0.0.1:{stalling.port}")
    stalling.may_end.set()

    with pytest.raises(NotSentError) as refused:
        transport.send(new_mail(text=LONG))

    assert (refused.value.rule.permanent, refused.value.rule.category) == (True, "message_refused")

"""A refusal affects only its mail: the reply decides, even if the server then closes the connection."""

import itertools

import pytest

from mailer.adapters.smtp.transport import SmtpTransport
from mailer.domain.errors import NotSentError, ServerUnavailableError
from tests.mailer.transports import OpenTransport, new_mail
from tests.support.servers.smtp import SmtpServer
from tests.support.servers.smtp_script import Step

TEMPORARY = (421, 430, 432, 441, 450, 451, 452, 454, 455, 471, 499)
PERMANENT = (500, 501, 502, 503, 504, 510, 521, 541, 550, 551, 552, 553, 554, 555, 556, 571, 599)
LOGIN_REQUIRED = (530, 534, 535, 538)


@pytest.fixture(params=[False, True], ids=["one by one", "pipelining"])
def server(smtp_server: SmtpServer, request: pytest.FixtureRequest) -> SmtpServer:
    smtp_server.pipelining = request.param
    return smtp_server


def refusal_of(transport: SmtpTransport, address: str = "bad@example.com") -> NotSentError:
    with pytest.raises(NotSentError) as refused:
        transport.send(new_mail(address))
    return refused.value


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize("closes", [False, True], ids=["stays open", "closed"])
@pytest.mark.parametrize("at", ["mail", "rcpt", "go_ahead", "data"])
def test_a_refused_mail_becomes_final_or_waits_and_the_next_mail_is_sent(
    server: SmtpServer,
    open_transport: OpenTransport,
    at: Step,
    closes: bool,  # noqa: FBT001 - a case
) -> None:
    transport = open_transport(server.url)
    numbers = itertools.count(1)

    for code in (*TEMPORARY, *PERMANENT, *LOGIN_REQUIRED):
        server.refuse(code=code, text="no", at=at, closes=closes)
        rule = refusal_of(transport).rule
        server.reset()
        transport.send(new_mail(f"good{next(numbers)}@example.com"))

        assert rule.permanent is (code in PERMANENT and at != "mail"), code
        assert (rule.category == "misconfigured") is (
            code in LOGIN_REQUIRED or (at == "mail" and code in PERMANENT)
        ), code
    assert server.mailbox.count() == next(numbers) - 1
    assert server.mailbox.count("bad@example.com") == 0
    assert not transport.is_unavailable()


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize("at", ["rcpt", "go_ahead", "data"])
def test_a_mail_waits_if_the_connection_is_closed_without_a_refusal(
    server: SmtpServer, open_transport: OpenTransport, at: Step
) -> None:
    transport = open_transport(server.url)
    server.drop("bad@example.com", at=at, times=None)

    rules = [refusal_of(transport).rule for _ in range(3)]
    transport.send(new_mail("good@example.com"))

    assert [(each.permanent, each.category) for each in rules] == [(False, "temporarily_refused")] * 3
    assert server.mailbox.count("good@example.com") == 1


@pytest.mark.rule("MAIL-5")
def test_the_server_is_unavailable_if_the_connection_is_closed_without_any_reply(
    server: SmtpServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(server.url)
    transport.send(new_mail())
    server.drop(at="mail", times=None)

    with pytest.raises(ServerUnavailableError):
        transport.send(new_mail())

    assert transport.is_unavailable()


@pytest.mark.rule("MAIL-5")
def test_a_connection_at_its_limit_of_mails_is_replaced(
    server: SmtpServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(server.url)
    server.limit_mails_per_connection(3)

    for number in range(10):
        transport.send(new_mail(f"u{number}@example.com"))

    assert (server.mailbox.count(), server.connections) == (10, 4)


@pytest.mark.rule("MAIL-5")
@pytest.mark.parametrize("at", ["mail", "rcpt", "go_ahead"])
@pytest.mark.parametrize("closes", [False, True], ids=["stays open", "closed"])
def test_an_open_connection_that_the_server_ends_is_replaced(
    server: SmtpServer,
    open_transport: OpenTransport,
    at: Step,
    closes: bool,  # noqa: FBT001 - a case
) -> None:
    transport = open_transport(server.url)
    transport.send(new_mail("first@example.com"))
    server.refuse(code=421, text="4.7.0 too many errors", at=at, times=1, closes=closes)

    transport.send(new_mail("second@example.com"))

    assert (server.mailbox.count("second@example.com"), server.connections) == (1, 2)


@pytest.mark.rule("MAIL-5")
def test_a_mail_is_tried_on_one_new_connection_only(
    server: SmtpServer, open_transport: OpenTransport
) -> None:
    transport = open_transport(server.url)
    transport.send(new_mail())
    server.refuse(code=452, text="4.3.1 full", at="mail")

    assert refusal_of(transport).rule.category == "temporarily_refused"
    assert server.script.reached["mail"] == 3

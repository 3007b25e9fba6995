"""The URL of the mail server and its login. No part of a password is ever shown."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from mailer.adapters.smtp.connection import NoSessionError
from mailer.adapters.smtp.server_settings import SmtpServer
from mailer.adapters.smtp.session import SmtpSession
from mailer.bulkhead import Bulkhead
from tests.mailer.commands import run_command
from tests.mailer.harness import MailerHarness
from tests.mailer.transports import OpenTransport, new_mail
from tests.support.servers import smtp
from tests.support.servers.smtp import Login

StartSmtp = Callable[..., smtp.SmtpServer]


@pytest.mark.parametrize(
    ("url", "host", "port", "user"),
    [
        ("smtp://mail.example.tw", "mail.example.tw", 25, ""),
        ("smtp+starttls://a%40b:c@mail.example.tw", "mail.example.tw", 587, "a@b"),
        ("smtps://u:p@[::1]:2465", "::1", 2465, "u"),
    ],
)
def test_urls_are_parsed(url: str, host: str, port: int, user: str) -> None:
    server = SmtpServer.from_url(url)

    assert (server.host, server.port, server.user) == (host, port, user)
    assert "secret" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://", "http://mail", "smtp://mail/path", "smtp://mail?x=1", "smtp://mail:x", "smtp://mail..tw",
        "smtp://user:12#hush@mail", "smtp://user:12/hush@mail", "smtp://user:hush[@mail", "smtp://user:hu／sh@mail",
        "smtp://user:hush%E9@mail", "smtp://%E9:hush@mail", "smtp://user:hush%00@mail",
    ],
)  # fmt: skip
def test_an_invalid_url_is_refused_without_repeating_a_part_of_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        SmtpServer.from_url(url)

    assert not re.search("hush|hu|é|E9|user", str(refused.value).replace("user and password", ""))


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("password", ["pässwörd", "密碼 ３"])
def test_a_login_with_other_than_ascii_characters_is_sent_in_utf_8(
    start_smtp: StartSmtp, open_transport: OpenTransport, password: str
) -> None:
    server = start_smtp(login=Login("帳號", password))
    transport = open_transport(f"smtp://{quote('帳號')}:{quote(password)}@127.0.0.1:{server.port}")

    transport.send(new_mail())

    assert server.mailbox.count("ming@example.com") == 1


@pytest.mark.rule("SEC-9")
def test_a_server_without_plain_is_a_clear_error_if_the_login_is_not_ascii(
    start_smtp: StartSmtp, open_transport: OpenTransport, capfd: pytest.CaptureFixture[str]
) -> None:
    server = start_smtp(login=Login("mailer", "pässwörd"), without=("PLAIN",))
    transport = open_transport(f"smtp://mailer:{quote('pässwörd')}@127.0.0.1:{server.port}")

    transport.warm_up()

    shown = capfd.readouterr()
    (line,) = (shown.out + shown.err).splitlines()
    assert "needs the login mechanism PLAIN" in line
    assert not {"ä", "ö", "\\xe4", "\\xf6"} & set(re.findall(r"\\x..|.", line))
    assert transport.is_unavailable()


def test_a_login_that_the_server_does_not_offer_is_an_error(smtp_server: smtp.SmtpServer) -> None:
    with pytest.raises(NoSessionError):
        SmtpSession(
            SmtpServer.from_url(f"smtp://user:secret@127.0.0.1:{smtp_server.port}"),
            Bulkhead(1),
        )


@pytest.mark.rule("SEC-9")
def test_check_shows_no_part_of_a_password_that_is_not_ascii(
    harness: MailerHarness, start_smtp: StartSmtp
) -> None:
    server = start_smtp(login=Login("mailer", "pässwörd"), without=("PLAIN",))
    url = f"smtp://mailer:p%C3%A4ssw%C3%B6rd@127.0.0.1:{server.port}"

    result = run_command(harness, "check", MAILER_SMTP_URL=url)

    assert result.exit_code == 1
    assert "needs the login mechanism PLAIN" in result.output
    assert not re.search("ä|ö|xe4|xf6|C3", result.output)

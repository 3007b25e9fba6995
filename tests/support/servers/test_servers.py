"""The servers on which other tests rely work."""

import gc
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
import redis

from tests.support import ROOT
from tests.support.harness.processes import Program
from tests.support.servers.mailbox import Mailbox
from tests.support.servers.ports import free_port
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import Login, SmtpServer
from tests.support.servers.smtp_script import Step
from tests.support.servers.tcp_proxy import Proxy


def sample_message(to: str = "a@example.tw", subject: str = "驗證碼") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "hep@example.tw", to
    message.set_content("碼 123456, https://x.example.tw/email/verify?token=abc.DEF_1\n")
    message.add_alternative("<p>123456</p>", subtype="html")
    return message


def send(server: SmtpServer, content: EmailMessage | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=5) as client:
        client.send_message(content or sample_message())


def libpq(url: str) -> str:
    return url.replace("+psycopg", "")


def test_a_free_port_is_used_neither_by_another_call_nor_by_an_outgoing_connection() -> None:
    ports = [free_port() for _ in range(100)]
    of_another_process = (
        "from tests.support.servers.ports import free_port; print(*[free_port() for _ in range(150)])"
    )
    others = subprocess.check_output([sys.executable, "-c", of_another_process], text=True, cwd=ROOT).split()
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range")

    assert len({*ports, *map(int, others)}) == 250
    assert not ephemeral.exists() or max(ports) < int(ephemeral.read_text().split()[0])


def test_the_children_of_a_destroyed_program_have_ended(tmp_path: Path) -> None:
    script = "for _ in $(seq 200); do sleep 60 & done; echo started; wait"
    program = Program("/bin/bash", "-c", script, environment={}, directory=tmp_path)
    program.wait_for("started")
    children = program.children()

    program.destroy()

    states = [
        path.read_text().rpartition(")")[2].split()[0] for path in map(stat_of, children) if path.exists()
    ]
    assert len(children) == 200
    assert set(states) <= {"Z"}


def stat_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/stat")


def test_a_database_created_from_a_template_has_its_rows(postgres: PostgresCluster) -> None:
    template = postgres.create_database()
    with psycopg.connect(libpq(template)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")

    copy = postgres.create_database(template)

    with psycopg.connect(libpq(copy)) as connection:
        assert connection.execute("SELECT n FROM t").fetchone() == (1,)


def test_a_dropped_database_is_gone(postgres: PostgresCluster) -> None:
    url = postgres.create_database()

    postgres.drop_database(url)

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(libpq(url))


def test_a_crashed_cluster_starts_again_on_the_same_port_with_its_data() -> None:
    cluster = PostgresCluster()
    try:
        cluster.start()
        url = cluster.create_database()

        cluster.stop(mode="immediate")
        cluster.start()

        psycopg.connect(libpq(url)).close()
    finally:
        cluster.destroy()


@pytest.mark.parametrize("end", [RedisServer.stop, RedisServer.kill])
def test_redis_keeps_its_data_over_a_restart(
    start_redis: Callable[..., RedisServer], end: Callable[[RedisServer], None]
) -> None:
    server = start_redis(appendfsync="always")
    with server.client() as client:
        client.set("k", "v")

    end(server)
    server.start()

    with server.client() as client:
        assert client.get("k") == b"v"


def test_redis_with_users_has_no_default_user(start_redis: Callable[..., RedisServer]) -> None:
    server = start_redis(users={"relay": ">secret ~* +@all"})

    with server.client() as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()

    with redis.Redis.from_url(server.url_for("relay", "secret")) as relay:
        assert relay.ping()


def test_a_mail_is_parsed(smtp_server: SmtpServer, mailbox: Mailbox) -> None:
    send(smtp_server)

    (mail,) = mailbox.wait_for("A@example.tw", subject_contains="驗證")

    assert (mail.code, mail.token, mail.to) == ("123456", "abc.DEF_1", "a@example.tw")
    assert mail.html == "<p>123456</p>\n"


def test_a_wait_that_times_out_lists_the_received_mails(mailbox: Mailbox) -> None:
    with pytest.raises(AssertionError, match=r"to x@example\.tw"):
        mailbox.wait_for("x@example.tw", timeout=0.01)


def test_a_recipient_is_refused_as_often_as_configured(smtp_server: SmtpServer, mailbox: Mailbox) -> None:
    smtp_server.refuse("a@example.tw", code=451, times=1)

    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp_server)
    send(smtp_server)

    assert mailbox.count("a@example.tw") == 1


@pytest.mark.parametrize(("step", "stored"), [("data", 0), ("accepted", 1)])
def test_a_connection_is_dropped(smtp_server: SmtpServer, mailbox: Mailbox, step: Step, stored: int) -> None:
    smtp_server.drop(at=step)

    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(smtp_server)

    assert mailbox.count() == stored


def test_a_hanging_server_can_be_stopped_and_started_again(smtp_server: SmtpServer) -> None:
    smtp_server.hang(at="mail")
    client = smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=5)
    client.ehlo()
    client.putcmd("MAIL FROM:<a@b.tw>")

    smtp_server.stop()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.getreply()
    smtp_server.reset()
    smtp_server.start()

    send(smtp_server)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_is_accepted_over_tls_with_a_login(start_smtp: Callable[..., SmtpServer], tls: str) -> None:
    server = start_smtp(tls=tls, login=Login("user", "secret"))
    context = ssl.create_default_context(cafile=server.ca_file)
    client: smtplib.SMTP

    if tls == "implicit":
        client = smtplib.SMTP_SSL("localhost", server.port, timeout=5, context=context)
    else:
        client = smtplib.SMTP("localhost", server.port, timeout=5)
        client.starttls(context=context)
    with client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("user", "wrong")
        client.login("user", "secret")
        client.send_message(sample_message())

    assert server.mailbox.count() == 1


@pytest.mark.parametrize("new_server", [SmtpServer, lambda: Proxy(1)], ids=["smtp", "proxy"])
def test_a_server_that_stops_while_it_accepts_leaves_no_socket_open(
    new_server: Callable[[], SmtpServer | Proxy],
) -> None:
    """Garbage collection of an open socket raises a warning, and warnings are errors."""
    server = new_server()
    server.start()
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]

    server.destroy()

    for each in connections:
        each.close()
    gc.collect()

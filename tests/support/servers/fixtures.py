"""Fixtures for the servers, loaded by tests/conftest.py. Each xdist worker has its own servers."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.servers.lifecycle import started
from tests.support.servers.mailbox import Mailbox
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """The session's PostgreSQL, without fsync. Each test has its own database on this cluster."""
    with started(PostgresCluster(fsync=False)) as server:
        yield server


@pytest.fixture(scope="session")
def redis_session() -> Iterator[RedisServer]:
    """The session's Redis. Tests use `redis_server`, which is empty and running."""
    with started(RedisServer()) as server:
        yield server


@pytest.fixture
def redis_server(redis_session: RedisServer) -> RedisServer:
    """The session's Redis, running and empty, which the test may stop, kill and start."""
    redis_session.resume()
    redis_session.start()
    redis_session.wipe()
    return redis_session


@pytest.fixture(scope="session")
def smtp_session() -> Iterator[SmtpServer]:
    """The session's SMTP server. Tests use `smtp_server`, which is listening, with an empty mailbox."""
    with started(SmtpServer()) as server:
        yield server


@pytest.fixture
def smtp_server(smtp_session: SmtpServer) -> SmtpServer:
    """The session's SMTP server, listening, without scripted faults and with an empty mailbox."""
    smtp_session.reset()
    smtp_session.start()
    smtp_session.mailbox.clear()
    return smtp_session


@pytest.fixture
def mailbox(smtp_server: SmtpServer) -> Mailbox:
    """The mails that the SMTP server accepted during this test."""
    return smtp_server.mailbox


@pytest.fixture
def start_redis() -> Iterator[Callable[..., RedisServer]]:
    """A function that starts another Redis until the test ends, with the arguments of RedisServer, e.g. users=…."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(started(RedisServer(**options)))


@pytest.fixture
def start_smtp() -> Iterator[Callable[..., SmtpServer]]:
    """A function that starts another SMTP server until the test ends, with the arguments of SmtpServer."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(started(SmtpServer(**options)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Report at the end why tests were skipped, and how many for each reason."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    terminalreporter.section("tests that could not run")
    if not reasons:
        terminalreporter.line("none: every required program and server was available")
    for reason, tests in reasons.most_common():
        terminalreporter.line(f"{tests} test(s): {reason}")


def _reason(report: Any) -> str:
    detail = report.longrepr
    text = detail[2] if isinstance(detail, tuple) else str(detail)
    return text.removeprefix("Skipped: ")

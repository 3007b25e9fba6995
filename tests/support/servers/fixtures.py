"""Fixtures of the servers; loaded by tests/conftest.py. Each xdist worker has its own servers."""

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
    """One PostgreSQL for the whole run, without fsync; each test has its own database in it."""
    with started(PostgresCluster(fsync=False)) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresCluster) -> Iterator[str]:
    """An empty database for one test."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def redis_session() -> Iterator[RedisServer]:
    """One Redis for the whole run; tests take `redis_server`, which is empty and running."""
    with started(RedisServer()) as server:
        yield server


@pytest.fixture
def redis_server(redis_session: RedisServer) -> RedisServer:
    """The run's Redis, running and empty; the test may stop, kill and start it."""
    redis_session.resume()
    redis_session.start()
    redis_session.wipe()
    return redis_session


@pytest.fixture(scope="session")
def smtp_session() -> Iterator[SmtpServer]:
    """One SMTP server for the whole run; tests take `smtp_server`, which is empty and accepts."""
    with started(SmtpServer()) as server:
        yield server


@pytest.fixture
def smtp_server(smtp_session: SmtpServer) -> SmtpServer:
    """The run's SMTP server: listening, accepting, with an empty mailbox."""
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
    """Start one more Redis until the test ends; takes the arguments of RedisServer, e.g. users=…."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(started(RedisServer(**options)))


@pytest.fixture
def start_smtp() -> Iterator[Callable[..., SmtpServer]]:
    """Start one more SMTP server until the test ends; takes the arguments of SmtpServer, e.g. tls="starttls"."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(started(SmtpServer(**options)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Report at the end which tests could not run, and why."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    terminalreporter.section("what could not be run")
    if not reasons:
        terminalreporter.line("nothing: every test of this run found what it needs")
    for reason, tests in reasons.most_common():
        terminalreporter.line(f"{tests} test(s): {reason}")


def _reason(report: Any) -> str:
    detail = report.longrepr
    text = detail[2] if isinstance(detail, tuple) else str(detail)
    return text.removeprefix("Skipped: ")

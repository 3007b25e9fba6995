"""Fixtures of the mailer's tests."""

import sys
from collections.abc import Iterator

import pytest
import structlog

from tests.mailer.harness import MailerHarness
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer


@pytest.fixture(autouse=True)
def _logs_of_threads() -> Iterator[None]:
    """Log to the real stderr, so that mailers in threads do not write into the output of commands."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()


@pytest.fixture
def harness(redis_server: RedisServer, smtp_server: SmtpServer) -> Iterator[MailerHarness]:
    harness = MailerHarness(redis_server, smtp_server)
    yield harness
    harness.close()

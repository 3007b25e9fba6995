"""The mailer's world for a test."""

import sys
from collections.abc import Iterator

import pytest
import structlog

from tests.mailer.harness import MailerHarness
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer


@pytest.fixture(autouse=True)
def _logs_of_threads() -> Iterator[None]:
    """Keep what mailers in threads log out of what a command of the same process prints."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()


@pytest.fixture
def world(redis_server: RedisServer, smtp_server: SmtpServer) -> Iterator[MailerHarness]:
    made = MailerHarness(redis_server, smtp_server)
    yield made
    made.close()

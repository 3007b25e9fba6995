"""Fixtures for the mailer's tests."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import structlog

from mailer.adapters.smtp.transport import SmtpTransport
from tests.mailer.harness import MailerHarness
from tests.mailer.transports import OpenTransport, build_transport
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer


@pytest.fixture(autouse=True)
def _logs_of_threads() -> Iterator[None]:
    """Log to the real stderr, so that mailers in threads do not mix logs into the output of commands."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    yield
    structlog.reset_defaults()


@pytest.fixture
def harness(redis_server: RedisServer, smtp_server: SmtpServer) -> Iterator[MailerHarness]:
    harness = MailerHarness(redis_server, smtp_server)
    yield harness
    harness.close()


@pytest.fixture
def open_transport() -> Iterator[OpenTransport]:
    """Open transports, and close them when the test ends."""
    with ExitStack() as stack:

        def opened(url: str, **options: Any) -> SmtpTransport:
            transport = build_transport(url, **options)
            stack.callback(transport.close)
            return transport

        yield opened

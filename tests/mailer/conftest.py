"""The mailer's world for a test."""

from collections.abc import Iterator

import pytest

from tests.mailer.world import World
from tests.support.redis import RedisServer
from tests.support.smtp import SmtpServer


@pytest.fixture
def world(redis_server: RedisServer, smtp_server: SmtpServer) -> Iterator[World]:
    made = World(redis_server, smtp_server)
    yield made
    made.close()

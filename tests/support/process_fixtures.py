"""Fixtures of the system as real processes; loaded by tests/conftest.py."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.installation import Installation
from tests.support.redis import RedisServer
from tests.support.smtp import SmtpServer


@pytest.fixture
def installation(
    redis_server: RedisServer, smtp_server: SmtpServer, database_url: str, tmp_path: Path
) -> Iterator[Installation]:
    """An installation of which nothing runs yet, on each kind of database; the test starts its parts."""
    with ExitStack() as stack:
        yield Installation(redis_server, smtp_server, database_url, stack=stack, directory=tmp_path)


@pytest.fixture
def installation_on_postgresql(
    redis_server: RedisServer, smtp_server: SmtpServer, postgresql_url: str, tmp_path: Path
) -> Iterator[Installation]:
    """The same on PostgreSQL alone."""
    with ExitStack() as stack:
        yield Installation(redis_server, smtp_server, postgresql_url, stack=stack, directory=tmp_path)


@pytest.fixture
def installation_on_sqlite(
    redis_server: RedisServer, smtp_server: SmtpServer, sqlite_url: str, tmp_path: Path
) -> Iterator[Installation]:
    """The same on SQLite alone, for what the database has no part in."""
    with ExitStack() as stack:
        yield Installation(redis_server, smtp_server, sqlite_url, stack=stack, directory=tmp_path)

"""Identity as processes, shared by the tests of all clients."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.bound_person import Browser
from tests.clients.running_identity import RunningIdentity
from tests.support.servers.lifecycle import started
from tests.support.servers.redis import RedisServer
from tests.support.servers.smtp import SmtpServer


@pytest.fixture(scope="session")
def identity(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIdentity]:
    """A running installation. Access tokens are valid for a minute, Authlib's leeway, so that it refreshes at once."""
    directory = tmp_path_factory.mktemp("clients")
    database = directory / "identity.db"
    shutil.copy(sqlite_template, database)
    with ExitStack() as stack:
        redis, smtp = stack.enter_context(started(RedisServer())), stack.enter_context(started(SmtpServer()))
        running = RunningIdentity(redis, smtp, f"sqlite:///{database}", stack=stack, directory=directory)
        running.environment["IDENTITY_OIDC_ACCESS"] = "1m"
        running.start("web", "relay", "notify", "mailer")
        yield running


@pytest.fixture
def browser(identity: RunningIdentity) -> Browser:
    """A browser without a session."""
    return Browser(identity)

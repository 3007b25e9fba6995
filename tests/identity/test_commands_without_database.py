"""Operators' commands report an unusable database in one line, without a stack trace."""

import pytest
from alembic import command as alembic
from alembic.config import Config
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate
from port_events.sealing import new_key_sets
from sqlalchemy import text

from tests.support.harness.processes import run_preloaded
from tests.support.harness.settings import oidc_keys
from tests.support.servers.postgres import PostgresCluster

pytestmark = pytest.mark.processes

_KEYS = new_key_sets()
_NOWHERE = "postgresql+psycopg://identity:a-secret-word@127.0.0.1:1/identity"


def _environment(database_url: str) -> dict[str, str]:
    return {
        "IDENTITY_MODE": "local",
        "IDENTITY_DATABASE_URL": database_url,
        "IDENTITY_SECRET_KEYS": "0123456789abcdef0123456789abcdef",
        "IDENTITY_OIDC_KEYS": oidc_keys(),
        "MAIL_SEAL_PUBLIC_KEYS": _KEYS.seal_public,
        "MAIL_SIGN_PRIVATE_KEYS": _KEYS.sign_private,
    }


@pytest.mark.parametrize("command", [("migrate",), ("tidy",), ("accounts", "list")])
def test_an_unreachable_database_is_reported_in_one_line_by_every_command(command: tuple[str, ...]) -> None:
    ended = run_preloaded("identity", *command, environment=_environment(_NOWHERE))

    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert line.startswith("Error: the database: ")
    assert "a-secret-word" not in line


def test_a_check_of_an_unreachable_database_gives_the_reason_without_a_stack_trace() -> None:
    ended = run_preloaded("identity", "check", environment=_environment(_NOWHERE))

    assert (ended.returncode, ended.stdout.splitlines()) == (
        1,
        [
            "settings: ok",
            "database: OperationalError",
            "migrations: OperationalError",
            "passwords: ok",
            "oidc_keys: ok",
        ],
    )
    assert "Connection refused" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_without_tables_is_reported_with_the_command_that_creates_them(sqlite_url: str) -> None:
    ended = run_preloaded("identity", "accounts", "list", environment=_environment(f"{sqlite_url}.empty"))

    (line,) = ended.stderr.splitlines()
    assert line.endswith("run `identity migrate`")


def test_a_migration_may_take_longer_than_a_request(
    postgres: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, limits = open_engine(postgres.create_database()), []

    def upgrade(config: Config, _revision: str) -> None:
        limits.append(config.attributes["connection"].scalar(text("SHOW statement_timeout")))

    monkeypatch.setattr(alembic, "upgrade", upgrade)
    migrate(engine)
    engine.dispose()

    assert limits == ["0"]

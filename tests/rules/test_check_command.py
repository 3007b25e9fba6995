"""`identity check` uses the settings of each process, and can wait for migrations and servers (OPS-4, OPS-5)."""

from pathlib import Path

import pytest

from tests.support.harness.processes import Program, run_preloaded
from tests.support.harness.settings import oidc_keys
from tests.support.servers.ports import free_port
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer

pytestmark = [pytest.mark.rule("OPS-5"), pytest.mark.processes]

_AUDIT_KEY = "0123456789abcdef-0123456789abcdef"


@pytest.fixture
def database(tmp_path: Path) -> dict[str, str]:
    return {"IDENTITY_MODE": "local", "IDENTITY_DATABASE_URL": f"sqlite:///{tmp_path}/identity.db"}


@pytest.fixture
def relay(database: dict[str, str], redis_server: RedisServer) -> dict[str, str]:
    return {**database, "REDIS_URL": redis_server.url, "IDENTITY_AUDIT_KEYS": _AUDIT_KEY}


def test_the_relay_is_checked_with_its_own_settings_and_redis(relay: dict[str, str]) -> None:
    without_redis = {**relay, "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    assert run_preloaded("identity", "migrate", environment=relay).returncode == 0

    checked = [
        run_preloaded("identity", "check", "--as", "relay", environment=each)
        for each in (relay, without_redis)
    ]

    assert [each.returncode for each in checked] == [0, 1]
    assert checked[0].stdout == "settings: ok\ndatabase: ok\nmigrations: ok\nredis: ok\n"
    assert "redis: ConnectionError" in checked[1].stdout


def test_notify_is_checked_with_its_own_settings(database: dict[str, str]) -> None:
    assert run_preloaded("identity", "migrate", environment=database).returncode == 0
    keys = {"IDENTITY_OIDC_KEYS": oidc_keys()}

    checked = run_preloaded("identity", "check", "--as", "notify", environment=database | keys)
    refused = run_preloaded("identity", "check", "--as", "notify", environment=database)

    assert checked.stdout == "settings: ok\ndatabase: ok\nmigrations: ok\noidc_keys: ok\n"
    assert (refused.returncode, refused.stderr) == (2, "IDENTITY_OIDC_KEYS: must be set\n")


def test_tidy_is_checked_without_the_keys_of_the_web_processes(database: dict[str, str]) -> None:
    assert run_preloaded("identity", "migrate", environment=database).returncode == 0

    checked = run_preloaded("identity", "check", "--as", "tidy", environment=database)

    assert checked.stdout == "settings: ok\ndatabase: ok\nmigrations: ok\n"


def test_a_check_with_a_missing_setting_fails_without_waiting(database: dict[str, str]) -> None:
    refused = run_preloaded("identity", "check", "--as", "relay", "--wait", "1h", environment=database)

    assert refused.returncode == 2
    assert "REDIS_URL: must be set" in refused.stderr.splitlines()


def test_a_check_waits_for_the_migrations(relay: dict[str, str], tmp_path: Path) -> None:
    check = Program(
        "identity", "check", "--as", "relay", "--wait", "2m", environment=relay, directory=tmp_path
    )
    check.wait_for("waiting for")
    run_preloaded("identity", "migrate", environment=relay)

    assert check.wait() == 0
    assert check.output.endswith("migrations: ok\nredis: ok\n")


def test_sigterm_ends_a_waiting_check(relay: dict[str, str], tmp_path: Path) -> None:
    check = Program(
        "identity", "check", "--as", "relay", "--wait", "1h", environment=relay, directory=tmp_path
    )
    check.wait_for("waiting for")

    assert check.stop() == 1


@pytest.mark.rule("OPS-4")
def test_check_reports_an_unmigrated_database(database: dict[str, str]) -> None:
    checked = run_preloaded("identity", "check", "--as", "tidy", environment=database)

    assert checked.returncode == 1
    assert "run `identity migrate`" in checked.stdout
    assert "Traceback" not in checked.stdout


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_store_chinese_is_named(
    postgres: PostgresCluster, database: dict[str, str], encoding: str
) -> None:
    url = postgres.create_database("template0", encoding=encoding)
    environment = {**database, "IDENTITY_DATABASE_URL": url}

    migrated = run_preloaded("identity", "migrate", environment=environment)
    checked = run_preloaded("identity", "check", "--as", "tidy", environment=environment)
    postgres.drop_database(url)

    expected = f"the encoding is {encoding}, but must be UTF8"
    assert (migrated.returncode, migrated.stderr) == (1, f"Error: the database: {expected}\n")
    assert (checked.returncode, f"database: {expected}" in checked.stdout.splitlines()) == (1, True)

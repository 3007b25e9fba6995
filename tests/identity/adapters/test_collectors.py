"""Metrics of the connection pool, of overdue cleanup, of the audit log's head and of Redis' memory (OPS-4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
from identity.adapters.database_collectors import AuditCollector, TidyCollector
from identity.adapters.redis_collectors import RedisMemoryCollector
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.pool_metrics import observe_pool, report_pool_size
from identity.metrics.relay import AUDIT_HEAD
from identity.metrics.web import DATABASE_CONNECTIONS, DATABASE_CONNECTIONS_MAX, TIDY_LAST_SUCCESS, WEB
from port_runtime.metrics import Instruments
from sqlalchemy import Engine

from tests.support.harness.commands import invoke
from tests.support.harness.system import System
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.redis import RedisServer

pytestmark = pytest.mark.rule("OPS-4")


@pytest.fixture
def engine(postgres: PostgresCluster) -> Iterator[Engine]:
    """An engine with a pool of three connections to an empty database."""
    url = postgres.create_database()
    engine = open_engine(url, pool_size=3)
    yield engine
    engine.dispose()
    postgres.drop_database(url)


def _value(instruments: Instruments, name: str) -> float | None:
    return instruments.registry().get_sample_value(name, {"pool": "transactions"})


def test_connections_in_use_are_counted_after_a_connection_was_detached_too(engine: Engine) -> None:
    instruments = Instruments(WEB)
    observe_pool(engine, instruments, pool="transactions")
    report_pool_size(engine, instruments, pool="transactions")

    with engine.connect(), engine.connect():
        both = _value(instruments, DATABASE_CONNECTIONS.name)
    with engine.connect() as connection:
        connection.detach()
    engine.dispose()
    with engine.connect():
        one = _value(instruments, DATABASE_CONNECTIONS.name)

    assert (both, one, _value(instruments, DATABASE_CONNECTIONS.name)) == (2, 1, 0)
    assert _value(instruments, DATABASE_CONNECTIONS_MAX.name) == 3


def test_overdue_cleanup_is_reported_until_tidy_has_run(system: System) -> None:
    system.clock.advance(days=1)  # the test's clock does not run, and may be behind the machine's clock
    system.logged_in(system.person())
    collector = TidyCollector(system.engine, idle_seconds=1800)
    ahead = system.clock.now() - datetime.now(UTC)  # the collector uses the machine's clock
    system.clock.advance(days=1)

    fresh = [sample.value for sample in collector.collect()]
    overdue = TidyCollector(system.engine, idle_seconds=-7210 - round(ahead.total_seconds()))
    before = [sample.value for sample in overdue.collect()]
    invoke(system, "tidy")
    after = [sample.value for sample in overdue.collect()]

    assert (fresh, after[0]) == ([0], 0)
    assert before[0] >= timedelta(hours=2).total_seconds()


@pytest.mark.parametrize("step", ["idle_accounts.suspend_idle", "audit.chaining.prune"])
def test_only_a_complete_run_of_tidy_counts_as_success(
    system: System, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ages() -> list[float]:
        collector = TidyCollector(system.engine, idle_seconds=1800)
        return [each.value for each in collector.collect() if each.metric is TIDY_LAST_SUCCESS]

    def fail(*_arguments: object, **_named: object) -> NoReturn:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(f"identity.usecases.{step}", fail)
        ended = invoke(system, "tidy", IDENTITY_IDLE_DISABLED="180d", IDENTITY_AUDIT_KEYS="a" * 32)
    failed = ages()
    invoke(system, "tidy")

    assert (ended.exit_code, failed, len(ages())) == (1, [], 1)


def test_the_reported_head_of_the_audit_log_grows(system: System) -> None:
    system.person()
    heads = []
    for _ in range(2):
        system.relay.extend_chain()
        heads += [each.value for each in AuditCollector(system.engine).collect() if each.metric is AUDIT_HEAD]
        system.person()

    assert 0 < heads[0] < heads[1]


def test_redis_memory_is_reported_with_its_limit(redis_server: RedisServer) -> None:
    client = redis_server.client()
    client.config_set("maxmemory", "64mb")

    used, limit = (sample.value for sample in RedisMemoryCollector(client).collect())

    client.config_set("maxmemory", "0")
    assert 0 < used < limit == 64 * 1024 * 1024

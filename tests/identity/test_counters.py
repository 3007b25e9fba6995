"""Concurrent counters: transactions that need two of them lock the account's first (SEC-3)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from identity.adapters.sql.counters import SqlCounters
from identity.adapters.sql.engine import open_engine
from identity.domain.rate_limits import LOGIN_ACCOUNT, login_failures_by_address
from sqlalchemy import Connection, Engine, text

from tests.support.harness.waiting import wait_until
from tests.support.servers.postgres import has_lock_wait

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
BY_ADDRESS = login_failures_by_address(1000)
ADDRESS, ACCOUNT = "address:192.0.2.7", "name:example1234"
"""Sorted by name or by age, the address counter would come first."""
Step = Callable[[SqlCounters], object]


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    engine = open_engine(postgresql_url, pool_size=3)
    yield engine
    engine.dispose()


def attempt(counters: SqlCounters) -> None:
    counters.increment_within((LOGIN_ACCOUNT, ACCOUNT), (BY_ADDRESS, ADDRESS), NOW)


def forgive(counters: SqlCounters) -> None:
    counters.clear_failures(ACCOUNT, shared=ADDRESS)


def free(holder: Connection, key: str) -> bool:
    """Tell whether nobody else has locked a counter; `holder` locks it from now on."""
    query = text("SELECT 1 FROM counters WHERE key = :key FOR UPDATE SKIP LOCKED")
    return bool(holder.execute(query, {"key": key}).all())


@pytest.mark.rule("LOGIN-2", "SEC-3")
@pytest.mark.parametrize("step", [attempt, forgive])
def test_waiting_for_an_account_counter_does_not_lock_the_address_counter(engine: Engine, step: Step) -> None:
    counters = SqlCounters(engine.execution_options(isolation_level="AUTOCOMMIT").connect)
    for each in ((BY_ADDRESS, ADDRESS), (LOGIN_ACCOUNT, ACCOUNT)):
        counters.increment([each], NOW)
    with ThreadPoolExecutor(1) as pool, engine.connect() as holder:
        assert free(holder, ACCOUNT)

        waiting = pool.submit(step, counters)
        wait_until(lambda: has_lock_wait(engine), what="the account's counter to be waited for")
        is_free = free(holder, ADDRESS)
        holder.rollback()
        waiting.result(10)

    assert is_free


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_counter_never_drops_below_zero(engine: Engine) -> None:
    counters = SqlCounters(engine.execution_options(isolation_level="AUTOCOMMIT").connect)
    attempt(counters)
    counters.decrement([ADDRESS])

    forgive(counters)

    assert [count.count for count in counters.increment([(BY_ADDRESS, ADDRESS)], NOW)] == [1]


@pytest.mark.rule("SEC-3")
def test_once_one_counter_is_full_no_counter_is_incremented_until_its_window_ends(engine: Engine) -> None:
    counters = SqlCounters(engine.execution_options(isolation_level="AUTOCOMMIT").connect)
    own, shared = (LOGIN_ACCOUNT, ACCOUNT), (login_failures_by_address(1), ADDRESS)

    pairs = [counters.increment_within(own, shared, at) for at in (NOW, NOW, NOW + shared[0].window)]

    assert [(count and count.count, beside.count) for count, beside in pairs] == [(1, 1), (None, 2), (1, 1)]

"""Counters are stored under keyed hashes, survive a rotation of the keys, and lock in order (SEC-3, SEC-19)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from identity.adapters.clock import SystemClock
from identity.adapters.link_and_cookie_tokens import SignedTokens
from identity.adapters.sql.counters import SqlCounters
from identity.adapters.sql.engine import open_engine
from identity.domain.rate_limits import (
    LOGIN_ACCOUNT,
    LOGIN_DEVICE,
    MAILBOX_DAY,
    counters_by_network,
    login_failures_by_client_address,
)
from port_runtime.secret import Secret
from sqlalchemy import Connection, Engine, text

from tests.support.harness.polling import wait_until
from tests.support.servers.postgres import has_lock_wait

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
BY_ADDRESS = login_failures_by_client_address(1000)
ADDRESS, ACCOUNT = BY_ADDRESS.counter("192.0.2.7"), LOGIN_ACCOUNT.counter("example1234")
"""The test of the lock order creates the address counter first; a scan of the table would lock it first."""
Step = Callable[[SqlCounters], object]
OLD, NEW = Secret("old-key-" * 8), Secret("new-key-" * 8)


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    engine = open_engine(postgresql_url, pool_size=3)
    yield engine
    engine.dispose()


def counters_on(engine: Engine, *keys: Secret) -> SqlCounters:
    """Return the counters of a process with these signing keys, newest first."""
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    return SqlCounters(autocommit.connect, SignedTokens(keys or (OLD,), SystemClock()))


def attempt(counters: SqlCounters) -> None:
    counters.increment_within(ACCOUNT, [ADDRESS], NOW)


def forgive(counters: SqlCounters) -> None:
    counters.clear_failures(ACCOUNT, [ADDRESS])


def free(holder: Connection, name: str) -> bool:
    """Return whether the counter of a limit was unlocked; `holder` then has its lock."""
    query = text("SELECT 1 FROM counters WHERE key LIKE :name || ':%' FOR UPDATE SKIP LOCKED")
    return bool(holder.execute(query, {"name": name}).all())


@pytest.mark.rule("LOGIN-2", "SEC-3")
@pytest.mark.parametrize("step", [attempt, forgive])
def test_waiting_for_an_account_counter_does_not_lock_the_address_counter(engine: Engine, step: Step) -> None:
    counters = counters_on(engine)
    for each in (ADDRESS, ACCOUNT):
        counters.increment([each], NOW)
    with ThreadPoolExecutor(1) as pool, engine.connect() as holder:
        assert free(holder, ACCOUNT.limit.name)

        waiting = pool.submit(step, counters)
        wait_until(lambda: has_lock_wait(engine), what="a request to wait for the account's counter")
        is_free = free(holder, ADDRESS.limit.name)
        holder.rollback()
        waiting.result(10)

    assert is_free


@pytest.mark.rule("LOGIN-2", "SEC-3")
def test_a_counter_never_drops_below_zero(engine: Engine) -> None:
    counters = counters_on(engine)
    attempt(counters)
    counters.decrement([ADDRESS])

    forgive(counters)

    assert [state.count for state in counters.increment([ADDRESS], NOW)] == [1]


@pytest.mark.rule("SEC-3")
def test_while_an_address_counter_is_full_the_account_counter_is_not_incremented(engine: Engine) -> None:
    counters, limit = counters_on(engine), login_failures_by_client_address(1)
    shared = limit.counter("192.0.2.7")

    pairs = [counters.increment_within(ACCOUNT, [shared], at) for at in (NOW, NOW, NOW + limit.window)]

    assert [(own and own.count, beside.count) for own, (beside,) in pairs] == [(1, 1), (None, 2), (1, 1)]


@pytest.mark.rule("SEC-3", "SEC-6")
def test_a_64_bit_network_over_its_limit_does_not_count_against_its_48_bit_network(engine: Engine) -> None:
    counters, limit = counters_on(engine), login_failures_by_client_address(2)
    networks = counters_by_network(limit, ("2001:db8:1:2::/64", "2001:db8:1::/48"))

    counts = [counters.increment_within(ACCOUNT, networks, NOW) for _ in range(4)]

    assert [[state.count for state in states] for _, states in counts] == [[1, 1], [2, 2], [3], [3]]
    assert [own is not None for own, _ in counts] == [True, True, False, False]


@pytest.mark.rule("SEC-19")
def test_a_new_signing_key_resets_no_lock_and_no_quota(database_url: str) -> None:
    engine = open_engine(database_url, pool_size=1)
    before, rotated = counters_on(engine, OLD), counters_on(engine, NEW, OLD)
    mailbox = MAILBOX_DAY.counter("claims", "someone@example.com")
    for counter in (ACCOUNT, mailbox):
        for _ in range(5):
            before.increment([counter], NOW)

    seen = [state.count for state in rotated.peek([ACCOUNT, mailbox], NOW)]
    counted = [state.count for state in rotated.increment([ACCOUNT, mailbox], NOW)]
    again = [state.count for state in rotated.increment([ACCOUNT, mailbox], NOW)]
    without_the_old_key = counters_on(engine, NEW).peek([ACCOUNT, mailbox], NOW)
    next_window = [state.count for state in rotated.increment([ACCOUNT], NOW + ACCOUNT.limit.window)]
    engine.dispose()

    assert (seen, counted, again, next_window) == ([5, 5], [6, 6], [6, 7], [1])
    assert [state.count for state in without_the_old_key] == [6, 7]


@pytest.mark.rule("SEC-19")
def test_cleared_counters_stay_cleared_after_a_new_signing_key(database_url: str) -> None:
    engine = open_engine(database_url, pool_size=1)
    device, other = LOGIN_DEVICE.counter("id-1", "nonce"), LOGIN_DEVICE.counter("id-12", "nonce")
    counters_on(engine, OLD).increment([ACCOUNT, device, other], NOW)
    rotated = counters_on(engine, NEW, OLD)

    rotated.clear([ACCOUNT])
    rotated.clear_below(LOGIN_DEVICE.counter("id-1"))
    counts = [state.count for state in rotated.peek([ACCOUNT, device, other], NOW)]
    engine.dispose()

    assert counts == [0, 0, 1]

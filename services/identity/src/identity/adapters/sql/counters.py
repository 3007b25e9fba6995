"""Counters in the database, shared by all processes; each change is one atomic statement (SEC-3)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Executable, String, bindparam, case, delete, or_, select, update
from typing_extensions import override

from identity.adapters.sql.counter_increment import Variant, increment_statement
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.tables import counters
from identity.domain.rate_limits import Counter, CounterState
from identity.usecases.ports.counters import Counters
from identity.usecases.ports.link_and_cookie_tokens import Tokens

_row = counters.c
_NAMED = _row.key.in_(bindparam("keys", expanding=True))
_PEEK = select(_row.key, _row.times, _row.expires_at).where(_NAMED)
_DECREMENT = update(counters).where(_NAMED, _row.times > 0).values(times=_row.times - 1)
_CLEAR = delete(counters).where(_NAMED)


class SqlCounters(Counters):
    """Counters on the connections of `connect`: those of a unit of work or of an autocommit engine.

    With an autocommit engine, a refused request still counts. Counts are stored under the newest secret key.
    An increment takes over the count under an older key, so that a new key resets no limit.
    """

    def __init__(self, connect: Callable[[], AbstractContextManager[Connection]], tokens: Tokens) -> None:
        self._connect = connect
        self._tokens = tokens

    @override
    def increment(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        states = self._increment(counters, [()] * len(counters), now)
        return [states[counter] for counter in counters]

    @override
    def increment_within(
        self, own: Counter | None, networks: Sequence[Counter], now: datetime
    ) -> tuple[CounterState | None, list[CounterState]]:
        # From the narrowest counter to the widest. Locks are taken in this order, so transactions cannot deadlock.
        first = 0 if own is None else 1
        all_networks = tuple(range(first, first + len(networks)))
        gates = [all_networks[:index] for index in range(len(networks))]
        if own is None:
            states = self._increment(networks, gates, now)
        else:
            states = self._increment([own, *networks], [all_networks, *gates], now)
        counted = [states[network] for network in networks if network in states]
        return (states.get(own) if own else None), counted

    def _increment(
        self, counters: Sequence[Counter], gates: Sequence[tuple[int, ...]], now: datetime
    ) -> dict[Counter, CounterState]:
        values: dict[str, Any] = {"now": now}
        by_key: dict[str, Counter] = {}
        former: list[str] = []
        for index, counter in enumerate(counters):
            key, *former = self._tokens.counter_keys(counter)
            by_key[key] = counter
            values |= {
                f"key{index}": key,
                f"until{index}": now + counter.limit.window,
                f"max{index}": counter.limit.max_count,
                **{f"former{index}_{age}": older for age, older in enumerate(former)},
            }
        extends = tuple(counter.limit.extends_on_limit for counter in counters)
        variant = Variant(extends, tuple(gates), older_keys=len(former))
        with self._connect() as connection:
            rows = increment_statement(connection.dialect.name, variant).rows(connection, values)
        return {by_key[key]: CounterState(by_key[key].limit, times, until) for key, times, until in rows}

    @override
    def peek(self, counters: Sequence[Counter], now: datetime) -> list[CounterState]:
        keys = [self._tokens.counter_keys(counter) for counter in counters]
        with self._connect() as connection:
            found = {key: tuple(rest) for key, *rest in connection.execute(_PEEK, {"keys": [*chain(*keys)]})}
        return [
            CounterState(counter.limit, *next((found[key] for key in of_one if key in found), (0, now)))
            for counter, of_one in zip(counters, keys, strict=True)
        ]

    @override
    def decrement(self, counters: Sequence[Counter]) -> None:
        self._execute(_DECREMENT, {"keys": [self._tokens.counter_keys(counter)[0] for counter in counters]})

    @override
    def clear(self, counters: Sequence[Counter]) -> None:
        self._execute(_CLEAR, {"keys": [*chain.from_iterable(map(self._tokens.counter_keys, counters))]})

    @override
    def clear_below(self, counter: Counter) -> None:
        starts = [
            _row.key.startswith(f"{key}:", autoescape=True) for key in self._tokens.counter_keys(counter)
        ]
        self._execute(delete(counters).where(or_(*starts)))

    @override
    def clear_failures(self, own: Counter, networks: Sequence[Counter]) -> None:
        keys = [self._tokens.counter_keys(counter)[0] for counter in (own, *networks)]
        values = {f"key{index}": key for index, key in enumerate(keys)}
        with self._connect() as connection:
            _clear_failures_statement(len(keys)).run(connection, values)

    def _execute(self, statement: Executable, values: dict[str, Any] | None = None) -> None:
        with self._connect() as connection:
            connection.execute(statement, values)


@cache
def _clear_failures_statement(count: int) -> FixedStatement:
    """Return the UPDATE that resets the first counter and decrements the others.

    It locks the rows in the order of `increment_within`, so that transactions cannot deadlock.
    """
    keys = [bindparam(f"key{index}", type_=String) for index in range(count)]
    locked = (
        select(_row.key)
        .where(_row.key.in_(keys))
        .order_by(case(*((_row.key == key, index) for index, key in enumerate(keys))))
        .with_for_update()
    )
    remaining = case((or_(_row.key == keys[0], _row.times == 0), 0), else_=_row.times - 1)
    return FixedStatement(update(counters).where(_row.key.in_(locked)).values(times=remaining))

"""Counters in the database, shared by all processes; each change is one atomic statement (SEC-3)."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Integer,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    literal_column,
    or_,
    select,
    text,
    union_all,
    update,
)
from typing_extensions import override

from identity.adapters.sql.engine import insert_into
from identity.adapters.sql.tables import counters
from identity.domain.rate_limits import CounterState, Limit
from identity.usecases.ports.counters import Counters

_KEY_CHARACTERS = 400
_NAMED = counters.c.key.in_(bindparam("keys", expanding=True))
_PEEK = select(counters.c.key, counters.c.times, counters.c.expires_at).where(_NAMED)
_DECREMENT = update(counters).where(_NAMED, counters.c.times > 0).values(times=counters.c.times - 1)
_CLEAR = delete(counters).where(_NAMED)


def _clear_failures_statement() -> Any:
    """Reset the counter `own` and decrement the shared one; lock both in `increment`'s order to avoid deadlocks."""
    row, own, shared = counters.c, bindparam("own", type_=String), bindparam("shared", type_=String)
    locked = (
        select(row.key)
        .where(or_(row.key == own, row.key == shared))
        .order_by(case((row.key == own, 0), else_=1))
        .with_for_update()
    )
    remaining = case((or_(row.key == own, row.times == 0), 0), else_=row.times - 1)
    return update(counters).where(row.key.in_(locked)).values(times=remaining)


_CLEAR_FAILURES = _clear_failures_statement()


class SqlCounters(Counters):
    """Counters that use the connections returned by `connect`: a transaction's, or those of an autocommit engine.

    With an autocommit engine, a refused request still counts.
    """

    def __init__(self, connect: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._connect = connect

    @override
    def increment(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        states = self._increment(keyed, now, within_last=False)
        return [states[key[:_KEY_CHARACTERS]] for _, key in keyed]

    @override
    def increment_within(
        self, own: tuple[Limit, str], shared: tuple[Limit, str], now: datetime
    ) -> tuple[CounterState | None, CounterState]:
        states = self._increment([own, shared], now, within_last=True)
        return states.get(own[1][:_KEY_CHARACTERS]), states[shared[1][:_KEY_CHARACTERS]]

    def _increment(
        self, keyed: Sequence[tuple[Limit, str]], now: datetime, *, within_last: bool
    ) -> dict[str, CounterState]:
        limits = {key[:_KEY_CHARACTERS]: limit for limit, key in keyed}
        values: dict[str, Any] = {"now": now}
        for place, (key, limit) in enumerate(limits.items()):
            values |= {
                f"key{place}": key,
                f"until{place}": now + limit.window,
                f"max{place}": limit.max_count,
            }
        locks = tuple(limit.extends_on_limit for limit in limits.values())
        with self._connect() as connection:
            statement = _increment_statement(connection.dialect.name, locks, within_last=within_last)
            rows = connection.execute(statement, values).all()
        return {key: CounterState(limits[key], times, expires_at) for key, times, expires_at in rows}

    @override
    def peek(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        keys = [key[:_KEY_CHARACTERS] for _, key in keyed]
        with self._connect() as connection:
            found = {key: rest for key, *rest in connection.execute(_PEEK, {"keys": keys})}
        return [
            CounterState(limit, *found.get(key, (0, now)))
            for (limit, _), key in zip(keyed, keys, strict=True)
        ]

    @override
    def decrement(self, keys: Sequence[str]) -> None:
        self._execute(_DECREMENT, {"keys": keys})

    @override
    def clear(self, keys: Sequence[str]) -> None:
        self._execute(_CLEAR, {"keys": keys})

    @override
    def clear_prefix(self, prefix: str) -> None:
        self._execute(delete(counters).where(counters.c.key.startswith(prefix, autoescape=True)))

    @override
    def clear_failures(self, key: str, *, shared: str) -> None:
        self._execute(_CLEAR_FAILURES, {"own": key, "shared": shared})

    def _execute(self, statement: Executable, values: dict[str, Any] | None = None) -> None:
        with self._connect() as connection:
            connection.execute(statement, values)


@cache
def _increment_statement(dialect: str, locks: tuple[bool, ...], *, within_last: bool) -> Any:
    """Increment each counter, or start a new window at one; a lock's window restarts when its limit is reached.

    With `within_last`, the other counters stay as they are when the last one is full.
    """
    row, places = counters.c, range(len(locks))
    insert = insert_into(counters, dialect)
    # From a SELECT, because SQLAlchemy compiles an INSERT of several VALUES on every execution.
    *others, last = (_first_count(n) for n in places)
    if within_last:
        others = [each.where(~_is_full(places[-1])) for each in others]
    rows = union_all(*others, last)
    max_count = case(
        *((row.key == bindparam(f"key{n}"), bindparam(f"max{n}", type_=Integer)) for n in places)
    )
    # A counter at zero has no window: the next increment starts one.
    over = or_(row.expires_at <= bindparam("now"), row.times == 0)
    renewed = [
        over,
        *(and_(row.key == bindparam(f"key{n}"), row.times + 1 == max_count) for n in places if locks[n]),
    ]
    return (
        insert.from_select(["key", "times", "expires_at"], rows)
        .on_conflict_do_update(
            index_elements=[row.key],
            set_={
                "times": case((over, 1), (row.times > max_count, row.times), else_=row.times + 1),
                "expires_at": case((or_(*renewed), insert.excluded.expires_at), else_=row.expires_at),
            },
        )
        .returning(row.key, row.times, row.expires_at)
    )


def _first_count(place: int) -> Any:
    key = bindparam(f"key{place}", type_=counters.c.key.type)
    until = bindparam(f"until{place}", type_=counters.c.expires_at.type)
    # Without a WHERE, SQLite would parse the ON of ON CONFLICT as a join condition.
    return select(key, literal_column("1"), until).where(text("1 = 1"))


def _is_full(place: int) -> Any:
    row = counters.alias().c
    return exists().where(
        row.key == bindparam(f"key{place}", type_=row.key.type),
        row.times >= bindparam(f"max{place}", type_=Integer),
        row.expires_at > bindparam("now", type_=row.expires_at.type),
    )

"""Counters in the database, shared by all processes, each step one atomic statement (SEC-3)."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Engine,
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
from sqlalchemy.dialects import postgresql, sqlite
from typing_extensions import override

from identity.adapters.sql.tables import counters
from identity.domain.rate_limits import CounterState, Limit
from identity.usecases.ports.counters import Counters

if TYPE_CHECKING:
    from sqlalchemy.orm import Session as Database

_KEY_CHARACTERS = 400
_NAMED = counters.c.key.in_(bindparam("keys", expanding=True))
_LOOK = select(counters.c.key, counters.c.times, counters.c.expires_at).where(_NAMED)
_GIVE_BACK = update(counters).where(_NAMED, counters.c.times > 0).values(times=counters.c.times - 1)
_CLEAR = delete(counters).where(_NAMED)


def _forgiving() -> Any:
    """None of one's own, one less of the shared; locked in the order in which `take` does: nothing waits in a ring."""
    row, own, shared = counters.c, bindparam("own", type_=String), bindparam("shared", type_=String)
    locked = (
        select(row.key)
        .where(or_(row.key == own, row.key == shared))
        .order_by(case((row.key == own, 0), else_=1))
        .with_for_update()
    )
    less = case((or_(row.key == own, row.times == 0), 0), else_=row.times - 1)
    return update(counters).where(row.key.in_(locked)).values(times=less)


_FORGIVE = _forgiving()


class SqlCounters(Counters):
    """Counts within somebody's transaction."""

    def __init__(self, connection: "Connection | Database") -> None:
        self._connection = connection

    @override
    def increment(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        taken = self._take(keyed, now, within_last=False)
        return [taken[key[:_KEY_CHARACTERS]] for _, key in keyed]

    @override
    def increment_within(
        self, own: tuple[Limit, str], shared: tuple[Limit, str], now: datetime
    ) -> tuple[CounterState | None, CounterState]:
        taken = self._take([own, shared], now, within_last=True)
        return taken.get(own[1][:_KEY_CHARACTERS]), taken[shared[1][:_KEY_CHARACTERS]]

    def _take(
        self, keyed: Sequence[tuple[Limit, str]], now: datetime, *, within_last: bool
    ) -> dict[str, CounterState]:
        limits = {key[:_KEY_CHARACTERS]: limit for limit, key in keyed}
        values: dict[str, Any] = {"now": now}
        for place, (key, limit) in enumerate(limits.items()):
            values |= {
                f"key{place}": key,
                f"until{place}": now + limit.window,
                f"most{place}": limit.max_count,
            }
        locks = tuple(limit.extends_on_limit for limit in limits.values())
        statement = _take_statement(self._dialect, locks, within_last=within_last)
        taken = self._connection.execute(statement, values)
        return {key: CounterState(limits[key], times, expires_at) for key, times, expires_at in taken}

    @override
    def peek(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        keys = [key[:_KEY_CHARACTERS] for _, key in keyed]
        kept = {key: rest for key, *rest in self._connection.execute(_LOOK, {"keys": keys})}
        return [
            CounterState(limit, *kept.get(key, (0, now))) for (limit, _), key in zip(keyed, keys, strict=True)
        ]

    @property
    def _dialect(self) -> str:
        bind = self._connection if isinstance(self._connection, Connection) else self._connection.get_bind()
        return bind.dialect.name

    @override
    def decrement(self, keys: Sequence[str]) -> None:
        self._connection.execute(_GIVE_BACK, {"keys": keys})

    @override
    def clear(self, keys: Sequence[str]) -> None:
        self._connection.execute(_CLEAR, {"keys": keys})

    @override
    def clear_prefix(self, prefix: str) -> None:
        self._connection.execute(delete(counters).where(counters.c.key.startswith(prefix, autoescape=True)))

    @override
    def clear_failures(self, key: str, *, shared: str) -> None:
        self._connection.execute(_FORGIVE, {"own": key, "shared": shared})


@cache
def _take_statement(dialect: str, locks: tuple[bool, ...], *, within_last: bool) -> Any:
    """One more in each window, or the first of a new one; a lock's window begins anew with its last time.

    With `within_last` the others are left alone where the last one is full.
    """
    row, places = counters.c, range(len(locks))
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(counters)
    # Rows by SELECT: SQLAlchemy compiles an INSERT of several VALUES anew each time.
    *others, last = (_first_count(n) for n in places)
    if within_last:
        others = [each.where(~_is_full(places[-1])) for each in others]
    rows = union_all(*others, last)
    most = case(*((row.key == bindparam(f"key{n}"), bindparam(f"most{n}", type_=Integer)) for n in places))
    # A count that was taken back to none has no window: the next one opens its own.
    over = or_(row.expires_at <= bindparam("now"), row.times == 0)
    renewed = [
        over,
        *(and_(row.key == bindparam(f"key{n}"), row.times + 1 == most) for n in places if locks[n]),
    ]
    return (
        insert.from_select(["key", "times", "expires_at"], rows)
        .on_conflict_do_update(
            index_elements=[row.key],
            set_={
                "times": case((over, 1), (row.times > most, row.times), else_=row.times + 1),
                "expires_at": case((or_(*renewed), insert.excluded.expires_at), else_=row.expires_at),
            },
        )
        .returning(row.key, row.times, row.expires_at)
    )


def _first_count(place: int) -> Any:
    key = bindparam(f"key{place}", type_=counters.c.key.type)
    until = bindparam(f"until{place}", type_=counters.c.expires_at.type)
    # SQLite takes the ON of ON CONFLICT for a join's where the SELECT has no WHERE.
    return select(key, literal_column("1"), until).where(text("1 = 1"))


def _is_full(place: int) -> Any:
    row = counters.alias().c
    return exists().where(
        row.key == bindparam(f"key{place}", type_=row.key.type),
        row.times >= bindparam(f"most{place}", type_=Integer),
        row.expires_at > bindparam("now", type_=row.expires_at.type),
    )


class StandaloneCounters:
    """Counts that stay counted although the request is refused: the engine's every statement commits by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def increment(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        """Count each once more and return the counts, in the order given."""
        with self._engine.connect() as connection:
            return SqlCounters(connection).increment(keyed, now)

    def increment_within(
        self, own: tuple[Limit, str], shared: tuple[Limit, str], now: datetime
    ) -> tuple[CounterState | None, CounterState]:
        """Count both once more; where the shared one is full that alone."""
        with self._engine.connect() as connection:
            return SqlCounters(connection).increment_within(own, shared, now)

    def peek(self, keyed: Sequence[tuple[Limit, str]], now: datetime) -> list[CounterState]:
        """Return the counts as they are."""
        with self._engine.connect() as connection:
            return SqlCounters(connection).peek(keyed, now)

    def decrement(self, keys: Sequence[str]) -> None:
        """Take one off each."""
        with self._engine.connect() as connection:
            SqlCounters(connection).decrement(keys)

    def clear(self, keys: Sequence[str]) -> None:
        """Begin anew."""
        with self._engine.connect() as connection:
            SqlCounters(connection).clear(keys)

    def clear_prefix(self, prefix: str) -> None:
        """Begin anew what begins so."""
        with self._engine.connect() as connection:
            SqlCounters(connection).clear_prefix(prefix)

    def clear_failures(self, key: str, *, shared: str) -> None:
        """Begin the first anew, and take one off the other."""
        with self._engine.connect() as connection:
            SqlCounters(connection).clear_failures(key, shared=shared)

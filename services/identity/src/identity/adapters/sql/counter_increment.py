"""The statement that increments counters: one INSERT … ON CONFLICT for all of them."""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Integer,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)

from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.tables import counters
from identity.adapters.sql.upsert import insert_into


class Places(NamedTuple):
    """The parts of the statement that vary: whether each counter locks, its gates, and the number of older keys.

    A gate is another counter of the statement, by its index; a counter is skipped while one of its gates is full. If
    the installation has older keys, counts stored under them are taken over.
    """

    locks: tuple[bool, ...]
    gates: tuple[tuple[int, ...], ...]
    older_keys: int


@cache
def increment_statement(dialect: str, places: Places) -> FixedStatement:
    """Return the statement that increments each counter, or starts a new window with a count of 1.

    The window of a counter that locks restarts when its limit is reached.
    """
    row, numbers = counters.c, range(len(places.locks))
    insert = insert_into(counters, dialect)
    first_counts = [
        _first_count(n, places.older_keys).where(*(~_is_full(gate) for gate in places.gates[n]))
        for n in numbers
    ]
    max_count = case(*((_named(n), bindparam(f"max{n}", type_=Integer)) for n in numbers))
    # A count of 0 has no window: the next increment starts a new window.
    over = or_(row.expires_at <= bindparam("now"), row.times == 0)
    renewed = [over, *(and_(_named(n), row.times + 1 == max_count) for n in numbers if places.locks[n])]
    return FixedStatement(
        insert.from_select(["key", "times", "expires_at"], union_all(*first_counts))
        .on_conflict_do_update(
            index_elements=[row.key],
            set_={
                "times": case((over, 1), (row.times > max_count, row.times), else_=row.times + 1),
                "expires_at": case((or_(*renewed), insert.excluded.expires_at), else_=row.expires_at),
            },
        )
        .returning(row.key, row.times, row.expires_at)
    )


def _named(place: int) -> Any:
    return counters.c.key == bindparam(f"key{place}")


def _first_count(place: int, older_keys: int) -> Any:
    """Return the new row of a counter: its count is 1, or 1 more than the count under an older key."""
    key = bindparam(f"key{place}", type_=counters.c.key.type)
    until = bindparam(f"until{place}", type_=counters.c.expires_at.type)
    if not older_keys:
        # Without a WHERE, SQLite would parse the ON of ON CONFLICT as a join condition.
        return select(key, literal_column("1"), until).where(text("1 = 1"))
    former = _former(place, older_keys).c
    return select(key, func.coalesce(former.times, 0) + 1, func.coalesce(former.expires_at, until)).where(
        text("1 = 1")
    )


def _former(place: int, older_keys: int) -> Subquery:
    row = counters.alias().c
    keys = [bindparam(f"former{place}_{age}", type_=row.key.type) for age in range(older_keys)]
    return (
        select(func.max(row.times).label("times"), func.max(row.expires_at).label("expires_at"))
        .where(
            row.key.in_(keys),
            row.times > 0,
            row.expires_at > bindparam("now", type_=row.expires_at.type),
        )
        .subquery()
    )


def _is_full(place: int) -> Any:
    row = counters.alias().c
    return exists().where(
        row.key == bindparam(f"key{place}", type_=row.key.type),
        row.times >= bindparam(f"max{place}", type_=Integer),
        row.expires_at > bindparam("now", type_=row.expires_at.type),
    )

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


class Variant(NamedTuple):
    """The parts of the statement that vary: whether each limit extends, each counter's gates, the number of older keys.

    A gate is another counter of the statement, by its index; a counter is skipped while one of its gates is full. If
    the installation has older keys, counts stored under them are taken over.
    """

    extends: tuple[bool, ...]
    gates: tuple[tuple[int, ...], ...]
    older_keys: int


@cache
def increment_statement(dialect: str, variant: Variant) -> FixedStatement:
    """Return the statement that increments each counter up to one above its limit, or starts a new window.

    A new window starts with the count 1. If the limit extends, the window also restarts when the count reaches the
    limit.
    """
    row, numbers = counters.c, range(len(variant.extends))
    insert = insert_into(counters, dialect)
    first_counts = [
        _first_count(n, variant.older_keys).where(*(~_is_full(gate) for gate in variant.gates[n]))
        for n in numbers
    ]
    max_count = case(*((_named(n), bindparam(f"max{n}", type_=Integer)) for n in numbers))
    # A count of 0 has no window: the next increment starts a new window.
    over = or_(row.expires_at <= bindparam("now"), row.times == 0)
    renewed = [over, *(and_(_named(n), row.times + 1 == max_count) for n in numbers if variant.extends[n])]
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


def _named(index: int) -> Any:
    return counters.c.key == bindparam(f"key{index}")


def _first_count(index: int, older_keys: int) -> Any:
    """Return the new row of a counter: its count is 1, or 1 more than the count under an older key."""
    key = bindparam(f"key{index}", type_=counters.c.key.type)
    until = bindparam(f"until{index}", type_=counters.c.expires_at.type)
    if not older_keys:
        # Without a WHERE, SQLite would parse the ON of ON CONFLICT as a join condition.
        return select(key, literal_column("1"), until).where(text("1 = 1"))
    former = _former(index, older_keys).c
    return select(key, func.coalesce(former.times, 0) + 1, func.coalesce(former.expires_at, until)).where(
        text("1 = 1")
    )


def _former(index: int, older_keys: int) -> Subquery:
    row = counters.alias().c
    keys = [bindparam(f"former{index}_{age}", type_=row.key.type) for age in range(older_keys)]
    return (
        select(func.max(row.times).label("times"), func.max(row.expires_at).label("expires_at"))
        .where(
            row.key.in_(keys),
            row.times > 0,
            row.expires_at > bindparam("now", type_=row.expires_at.type),
        )
        .subquery()
    )


def _is_full(index: int) -> Any:
    row = counters.alias().c
    return exists().where(
        row.key == bindparam(f"key{index}", type_=row.key.type),
        row.times >= bindparam(f"max{index}", type_=Integer),
        row.expires_at > bindparam("now", type_=row.expires_at.type),
    )

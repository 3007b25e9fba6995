"""The statements that PostgreSQL receives during a measurement, and their plans."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from identity.adapters.sql.engine import open_engine
from sqlalchemy import Connection

from tests.support.servers.postgres import PostgresCluster, database_name

# Log every statement of one database, without its parameters.
_LOGGED = {"log_statement": "'all'", "log_min_messages": "'log'", "log_parameter_max_length": "0"}
_RECORD = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] ", re.MULTILINE)
_STATEMENT = re.compile(
    r"LOG:  (?:statement|execute [^:]+): ((?:SELECT|INSERT|UPDATE|DELETE|WITH)\b.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Reads:
    whole: frozenset[str]
    by_index: frozenset[str]


@contextmanager
def logged_statements(cluster: PostgresCluster, database: str) -> Iterator[Callable[[], set[str]]]:
    """Log the statements of connections that are opened during the with block.

    Yield a function that returns the distinct statements so far, except transaction control and DDL.
    """
    engine, start = open_engine(database), len(cluster.log)
    name = database_name(database)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting, value in _LOGGED.items():
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET {setting} = {value}")
        try:
            yield lambda: _statements(cluster.log[start:])
        finally:
            for setting in _LOGGED:
                connection.exec_driver_sql(f"ALTER DATABASE {name} RESET {setting}")
    engine.dispose()


def reads_of(database: str, statements: Collection[str], *, tables: Collection[str]) -> Reads:
    """Explain each statement with a generic plan.

    A statement with a sequential scan of one of the tables is only in `whole`, one that reads none is in neither.
    """
    engine = open_engine(database)
    whole, by_index = set(), set()
    with engine.connect() as connection:
        for statement in statements:
            nodes = {(node["Node Type"], node.get("Relation Name")) for node in _plan(connection, statement)}
            kinds = {kind for kind, table in nodes if table in tables}
            if kinds & {"Seq Scan"}:
                whole.add(statement)
            elif any("Index" in kind or "Bitmap" in kind for kind in kinds):
                by_index.add(statement)
    engine.dispose()
    return Reads(frozenset(whole), frozenset(by_index))


def _statements(log: str) -> set[str]:
    found = (_STATEMENT.match(record) for record in _RECORD.split(log))
    return {" ".join(each[1].split()) for each in found if each}


def _plan(connection: Connection, statement: str) -> Iterator[dict[str, Any]]:
    """Yield the nodes of the generic plan."""
    answer: Any = connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}").scalar_one()
    waiting = [answer[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        yield node

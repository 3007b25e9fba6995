"""Statements executed by the driver have the same values, events and errors as SQLAlchemy's, on both databases."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from identity.adapters.sql.engine import autocommit_options, configure_engine, open_engine
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.tables import clients, counters
from sqlalchemy import Engine, bindparam, create_engine, event, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ROW = {"key": "login:example", "times": 1, "expires_at": NOW}
ADD = FixedStatement(insert(counters), columns=counters.c.keys())
READ = FixedStatement(select(counters).where(counters.c.key == bindparam("key")))
ADD_CLIENT = FixedStatement(insert(clients), columns=("name", "rights", "created_at", "rotated_at"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url, pool_size=1)
    yield engine
    engine.dispose()


@pytest.fixture(params=[False, True], ids=["prepared", "behind a pooler"])
def autocommitting(request: pytest.FixtureRequest, postgresql_url: str) -> Iterator[Engine]:
    """An engine for statements that libpq executes."""
    options = autocommit_options(make_url(postgresql_url), pool_size=1, pooler=request.param)
    engine = create_engine(postgresql_url, **options)
    configure_engine(engine)
    yield engine
    engine.dispose()


def test_values_are_read_as_sqlalchemy_reads_them(engine: Engine) -> None:
    client = {"name": "pass", "rights": ["events:read"], "created_at": NOW, "rotated_at": NOW}
    query = select(clients).where(clients.c.name == bindparam("name"))

    with engine.begin() as connection:
        ADD_CLIENT.run(connection, client)
        fixed = FixedStatement(query).row(connection, {"name": "pass"})
        usual = connection.execute(query, {"name": "pass"}).one()

    assert tuple(fixed or ()) == tuple(usual)
    assert usual.rights == ["events:read"]


def test_a_time_of_another_zone_is_the_same_instant(engine: Engine) -> None:
    taipei = timezone(timedelta(hours=8))

    with engine.begin() as connection:
        ADD.run(connection, {**ROW, "expires_at": NOW.astimezone(taipei)})
        row = READ.row(connection, {"key": ROW["key"]})

    assert row is not None
    assert row[2] == NOW
    assert row[2].utcoffset() is not None


def test_a_statement_keeps_its_own_constants(engine: Engine) -> None:
    duplicated = FixedStatement(
        update(counters)
        .where(counters.c.key == bindparam("named"))
        .values(times=counters.c.times + 41)
        .returning(counters.c.times)
    )

    with engine.begin() as connection:
        ADD.run(connection, ROW)
        rows = duplicated.rows(connection, {"named": ROW["key"], "other": "not a parameter"})

    assert [tuple(row) for row in rows] == [(42,)]


def test_a_statement_belongs_to_the_transaction_of_its_connection(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        ADD.run(connection, ROW)
        transaction.rollback()
    with engine.connect() as connection:
        assert READ.row(connection, {"key": ROW["key"]}) is None


def test_an_error_is_sqlalchemys_and_does_not_show_the_values(engine: Engine) -> None:
    with engine.begin() as connection:
        ADD.run(connection, ROW)

    with pytest.raises(IntegrityError) as raised, engine.begin() as connection:
        ADD.run(connection, ROW)

    assert "login:example" not in str(raised.value).partition("DETAIL")[0]


def test_listeners_see_the_statement(engine: Engine) -> None:
    seen: list[str] = []

    def keep(*arguments: Any) -> None:
        seen.append(arguments[2])

    event.listen(engine, "before_cursor_execute", keep)
    with engine.connect() as connection:
        READ.row(connection, {"key": "none"})

    assert ["counters" in statement for statement in seen] == [True]


def test_a_lost_connection_is_replaced(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url, pool_size=1)
    with engine.connect() as connection:
        READ.row(connection, {"key": "none"})
        connection.connection.driver_connection.close()  # type: ignore[union-attr]  # psycopg's
        with pytest.raises(DBAPIError) as raised:
            READ.row(connection, {"key": "none"})
    with engine.connect() as connection:
        row = READ.row(connection, {"key": "none"})
    engine.dispose()

    assert (raised.value.connection_invalidated, row) == (True, None)


def test_an_error_leaves_the_connection_usable(engine: Engine) -> None:
    with engine.begin() as connection:
        ADD.run(connection, ROW)

    for _ in range(2):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            ADD.run(connection, ROW)

    with engine.connect() as connection:
        assert READ.row(connection, {"key": ROW["key"]}) is not None


def test_libpq_reads_values_and_reports_errors_as_the_driver_does(autocommitting: Engine) -> None:
    client = {"name": "pass", "rights": ["events:read"], "created_at": NOW, "rotated_at": NOW}
    query = select(clients).where(clients.c.name == bindparam("name"))

    with autocommitting.connect() as connection:
        ADD_CLIENT.run(connection, client)
        with pytest.raises(IntegrityError) as raised:
            ADD_CLIENT.run(connection, client)
        fixed = [FixedStatement(query).row(connection, {"name": name}) for name in ("pass", "other")]
        usual = connection.execute(query, {"name": "pass"}).one()

    assert raised.value.orig.diag.constraint_name == "pk_clients"  # type: ignore[union-attr]  # psycopg's
    assert fixed == [tuple(usual), None]


def test_a_statement_that_was_deallocated_is_prepared_again(autocommitting: Engine) -> None:
    with autocommitting.connect() as connection:
        ADD.run(connection, ROW)
        before = READ.row(connection, {"key": ROW["key"]})
        connection.exec_driver_sql("DEALLOCATE ALL")
        after = READ.row(connection, {"key": ROW["key"]})

    assert before == after
    assert after is not None


def test_a_connection_that_libpq_loses_is_replaced(autocommitting: Engine) -> None:
    with autocommitting.connect() as connection:
        READ.row(connection, {"key": "none"})
        with socket.socket(fileno=os.dup(connection.connection.driver_connection.fileno())) as lost:  # type: ignore[union-attr]  # psycopg's
            lost.shutdown(socket.SHUT_RDWR)
        with pytest.raises(OperationalError) as raised:
            READ.row(connection, {"key": "none"})
    with autocommitting.connect() as connection:
        row = READ.row(connection, {"key": "none"})

    assert (raised.value.connection_invalidated, row) == (True, None)


def test_a_list_as_a_parameter_is_refused(engine: Engine) -> None:
    varying = FixedStatement(select(counters).where(counters.c.key.in_(bindparam("keys", expanding=True))))

    with engine.connect() as connection, pytest.raises(TypeError, match="would change the statement's text"):
        varying.rows(connection, {"keys": ["one", "two"]})

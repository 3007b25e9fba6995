"""Connections are closed, not left to the garbage collector, when their pool is replaced."""

from identity.adapters.sql.engine import open_engine
from sqlalchemy import text


def test_a_connection_that_is_in_use_when_its_pool_is_disposed_of_is_closed_on_return(
    postgresql_url: str,
) -> None:
    engine = open_engine(postgresql_url)

    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        engine.dispose()
        still_works = connection.scalar(text("SELECT 1"))
    with engine.connect() as connection:
        next_works = connection.scalar(text("SELECT 1"))
    engine.dispose()

    assert (still_works, next_works) == (1, 1)
    assert driver is not None
    assert driver.closed

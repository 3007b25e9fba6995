"""The time of the last successful run of `identity tidy`, in a table with one row."""

from datetime import datetime

from sqlalchemy import Engine

from identity.adapters.sql.tables import tidy_runs
from identity.adapters.sql.upsert import upsert_into


def record_tidy_run(engine: Engine, finished_at: datetime) -> None:
    with engine.begin() as connection:
        connection.execute(upsert_into(tidy_runs, engine.dialect.name), {"id": 1, "finished_at": finished_at})

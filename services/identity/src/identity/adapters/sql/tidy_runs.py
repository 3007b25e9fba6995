"""The time of the last successful run of `identity tidy`, in a table with one row."""

from datetime import datetime

from sqlalchemy import Engine

from identity.adapters.sql.tables import tidy_runs
from identity.adapters.sql.upsert import insert_into


def record_tidy_run(engine: Engine, finished_at: datetime) -> None:
    values = {"finished_at": finished_at}
    insert = insert_into(tidy_runs, engine.dialect.name).values(id=1, **values)
    with engine.begin() as connection:
        connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))

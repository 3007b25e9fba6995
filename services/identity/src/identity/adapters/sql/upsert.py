"""INSERT … ON CONFLICT on either database."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(table: Table, dialect: str) -> Any:
    """Return an INSERT that supports ON CONFLICT, which SQLAlchemy implements separately for each dialect."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def upsert_into(table: Table, dialect: str) -> Any:
    """Return an INSERT of a whole row that replaces the row with the same primary key."""
    insert = insert_into(table, dialect)
    replaced = {column.key: insert.excluded[column.key] for column in table.c if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced)

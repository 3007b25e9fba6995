"""INSERT … ON CONFLICT on either database."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(table: Table, dialect: str) -> Any:
    """Return an INSERT that supports ON CONFLICT, which SQLAlchemy implements separately for each dialect."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)

"""The metadata of all tables with its naming convention, the types of keys, and partial indexes."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

ID = String(36)
BIG = BigInteger().with_variant(Integer(), "sqlite")


def reference(to: str, *args: Any, **options: Any) -> Column[str]:
    """Return a column that refers to the key of another table; `to` is "column->table"."""
    name, table = to.split("->")
    return Column(name, ID, ForeignKey(f"{table}.id"), *args, **options)


def index_where(condition: str, name: str, *columns: str) -> Index:
    """Return an index over the rows that fulfil the condition."""
    return Index(name, *columns, postgresql_where=text(condition), sqlite_where=text(condition))

"""What adapters with an engine have in common. Each query runs in a transaction of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Executable, RowMapping


class EngineAdapter:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _all(self, query: Executable, values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        with self._engine.connect() as connection:
            return connection.execute(query, values).mappings().all()

    def _one(self, query: Executable) -> RowMapping | None:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().one_or_none()

    def _value(self, query: Executable) -> Any:
        """Return the first column of the first row, or None."""
        with self._engine.connect() as connection:
            return connection.scalar(query)

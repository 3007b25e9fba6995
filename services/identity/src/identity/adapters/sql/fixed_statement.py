"""Statements that never change: compiled once for each dialect, and executed by the driver or by libpq.

With SQLAlchemy, finding the compiled form and describing the result take two thirds of such a statement's CPU time.
SQLAlchemy still manages connections and transactions and translates errors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Dialect

from identity.adapters.sql.libpq import LibpqStatements

_CURSOR, _LIBPQ = "identity.cursor", "identity.libpq"
_NUMBERED: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's
"""Compiles statements with libpq's parameters ($1, $2, …)."""
_Row = Sequence[Any]


class FixedStatement:
    """A statement whose text depends only on the dialect and always has the same parameters.

    `columns` names the columns that an INSERT without VALUES sets.
    """

    def __init__(self, statement: Executable, *, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Execute the statement and discard its rows."""
        self.rows(connection, values)

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[_Row]:
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        parameters = compiled.parameters(values)
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, None, compiled.sql, parameters, None, False)
        try:
            rows = compiled.execute(connection, parameters)
        except BaseException as error:  # noqa: BLE001 - raised again
            cursor = connection.info.pop(_CURSOR, None)
            # Wraps the error, closes the cursor, replaces lost connections. SQLAlchemy has no public method for this.
            connection._handle_dbapi_exception(error, compiled.sql, parameters, cursor, None)  # noqa: SLF001 - see above
        return compiled.read(rows)

    def row(self, connection: Connection, values: Mapping[str, Any]) -> _Row | None:
        """Execute the statement and return its first row, or None."""
        rows = self.rows(connection, values)
        return rows[0] if rows else None

    def _compile(self, dialect: Dialect) -> "_Compiled":
        return self._compiled.setdefault(dialect.name, _Compiled(self._statement, dialect, self._columns))


class _Compiled:
    """A statement compiled for one dialect, with the converters of its parameters and results."""

    def __init__(self, statement: Any, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise TypeError("a list parameter would change the statement's text")
        self.sql = str(compiled)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        self._constants = {name: bind.value for name, bind in binds.items() if bind.value is not None}
        self._order: Sequence[str] | None = compiled.positiontup
        self._writers = _functions(
            (name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds.items()
        )
        results = [column.type.dialect_impl(dialect) for column in statement.exported_columns]
        self._has_rows = bool(results)
        self._readers = _functions(
            (index, kind.result_processor(dialect, None)) for index, kind in enumerate(results)
        )
        self._is_for_libpq = isinstance(dialect, PGDialect_psycopg)
        if self._is_for_libpq:
            numbered = statement.compile(dialect=_NUMBERED, column_keys=columns)
            self._numbered, self._numbers = str(numbered), numbered.positiontup

    def parameters(self, values: Mapping[str, Any]) -> Any:
        written = {**self._constants, **values}
        for name, write in self._writers:
            written[name] = write(written[name])
        return written if self._order is None else [written[name] for name in self._order]

    def execute(self, connection: Connection, parameters: Any) -> Sequence[_Row]:
        """Execute the statement with converted parameters; return rows to convert. Raises the driver's errors."""
        pooled = connection.connection
        driver: Any = pooled.dbapi_connection
        if self._is_for_libpq and driver.autocommit:
            libpq: LibpqStatements = pooled.info.get(_LIBPQ) or pooled.info.setdefault(
                _LIBPQ, LibpqStatements(driver)
            )
            return libpq.rows(self._numbered, [parameters[name] for name in self._numbers])
        cursor = pooled.info.get(_CURSOR) or pooled.info.setdefault(_CURSOR, pooled.cursor())
        cursor.execute(self.sql, parameters)
        # Fetches all rows, since SQLite keeps its read lock until the last row is read.
        return cursor.fetchall() if self._has_rows else ()

    def read(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        return [self._read(row) for row in rows] if self._readers else rows

    def _read(self, row: _Row) -> _Row:
        values = list(row)
        for index, read in self._readers:
            values[index] = read(values[index])
        return values


def _functions(
    pairs: Iterable[tuple[Any, Callable[[Any], Any] | None]],
) -> Sequence[tuple[Any, Callable[[Any], Any]]]:
    return [(key, function) for key, function in pairs if function is not None]

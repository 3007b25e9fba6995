"""Statements that libpq executes itself, in half the CPU time of psycopg's cursor.

psycopg still opens the connections, converts the values and creates the exceptions.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

_UNKNOWN_NAME = b"26000"
"""The SQLSTATE of a prepared statement that does not exist."""


class LibpqStatements:
    """Executes the statements of one autocommitted connection; without a pooler, it prepares each once."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._transformer = Transformer(connection)
        self._names: dict[str, bytes] = {}

    def rows(self, sql: str, parameters: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Execute a statement with the parameters $1 …; return its rows, if any. Raises psycopg.Error."""
        written = self._transformer.dump_sequence(parameters, [PyFormat.TEXT] * len(parameters))
        result = self._execute(sql, written)
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def _execute(self, sql: str, written: Sequence[Any]) -> PGresult:
        libpq = self._connection.pgconn
        if self._connection.prepare_threshold is None:
            # A pooler may give the next statement to another server process.
            return self._checked(libpq.exec_params(sql.encode(), written))
        result = libpq.exec_prepared(self._prepared(sql), written)
        if result.error_field(DiagnosticField.SQLSTATE) == _UNKNOWN_NAME:
            # If psycopg has prepared a statement itself, its rollback deallocates all statements of the connection.
            self._names.clear()
            result = libpq.exec_prepared(self._prepared(sql), written)
        return self._checked(result)

    def _prepared(self, sql: str) -> bytes:
        """Return the name of the prepared statement; prepare it at its first execution."""
        name = self._names.get(sql)
        if name is None:
            name = f"fixed_{len(self._names)}".encode()
            self._checked(self._connection.pgconn.prepare(name, sql.encode()))
            self._names[sql] = name
        return name

    def _checked(self, result: PGresult) -> PGresult:
        if result.status != ExecStatus.FATAL_ERROR:
            return result
        if result.error_field(DiagnosticField.SQLSTATE) is None:  # libpq's own error: the connection is lost
            raise psycopg.OperationalError(result.get_error_message())
        raise psycopg.errors.error_from_result(result)

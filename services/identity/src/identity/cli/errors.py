"""Errors of settings and of the database, printed as one line instead of a traceback."""

import sys
from typing import Any

import click
from port_runtime.settings import exit_on_error


class CommandGroup(click.Group):
    """A group of commands that report wrong settings and database errors in one line each.

    The exit code is 2 for wrong settings and 1 for an error of the database.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with exit_on_error():
                return super().invoke(ctx)
        except Exception as error:
            reason = _database_error(error)
            if reason is None:
                raise
            raise click.ClickException(reason) from None


def _database_error(error: Exception) -> str | None:
    """Return the first line of the message of the database or its driver, or None for other errors."""
    if "sqlalchemy" not in sys.modules:
        return None  # the import would take most of the time of a `--help`, which ends with an exception
    from sqlalchemy.exc import DBAPIError

    if not isinstance(error, DBAPIError):
        return None
    message = next(iter(str(error.orig).splitlines()), type(error).__name__)
    missing = "no such table" in message or type(error.orig).__name__ == "UndefinedTable"
    return f"the database: {message}" + ("; run `identity migrate`" if missing else "")

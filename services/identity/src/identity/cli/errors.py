"""What settings and database refuse, told in one line: an operator needs the reason, not our stack."""

from typing import Any

import click
from port_runtime.settings import exit_on_error


class CommandGroup(click.Group):
    """A group whose commands end with 2 and a line for each setting that is wrong.

    They end with 1 and a line where the database does not answer, or lacks its tables.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with exit_on_error():
                return super().invoke(ctx)
        except Exception as error:
            reason = _database_error(error)
            if reason is None:
                raise
            raise click.ClickException(reason) from None


def _database_error(error: Exception) -> str | None:
    """Return the first line of what the database or its driver said, or None where it said nothing."""
    from sqlalchemy.exc import DBAPIError

    if not isinstance(error, DBAPIError):
        return None
    said = next(iter(str(error.orig).splitlines()), type(error).__name__)
    missing = "no such table" in said or type(error.orig).__name__ == "UndefinedTable"
    return f"the database: {said}" + ("; run `identity migrate`" if missing else "")

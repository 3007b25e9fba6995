"""The output of the commands: refusals, tables and JSON."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
from port_runtime.terminal_tables import table

from identity.domain.errors import InvalidValue, MailboxTaken, NotFound, Refusal, TooSoon, WrongState

Row = Mapping[str, Any]
T = TypeVar("T")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def describe_refusal(refusal: Refusal) -> str:
    match refusal:
        case NotFound():
            return "not found"
        case WrongState(state=state):
            return f"it is {state}"
        case TooSoon(retry_after_seconds=seconds):
            return f"a mail was sent just now, or too many mails: retry in {seconds} s"
        case MailboxTaken():
            return "another account has this mailbox"
        case InvalidValue(code=code):
            return code.replace("_", " ")
        case _:
            return type(refusal).__name__


def for_each(names: Sequence[T], act: Callable[[T], object], *, done: str | None = None) -> None:
    """Call `act` with each name or id; print `done`, or else the result.

    After a refusal, continue, and exit with 1 at the end.
    """
    refused = 0
    with click.progressbar(names, file=sys.stderr, hidden=len(names) == 1 or not sys.stderr.isatty()) as bar:
        for name in bar:
            try:
                result = act(name)
                click.echo(f"{name}: {done or result}")
            except Refusal as refusal:
                refused += 1
                click.echo(f"Error: {name}: {describe_refusal(refusal)}", err=True)
    if refused:
        sys.exit(1)


def print_rows(rows: Iterable[Row], *, cells: Mapping[str, str], as_json: bool) -> None:
    """Print rows as JSON or as a table, whose headings `cells` maps to the formats of their columns."""
    found = list(rows)
    if as_json:
        click.echo(to_json(found))
        return
    if not found:
        click.echo("nothing found", err=True)
        return
    plain = [
        {name: each if isinstance(each, dict) else _to_text(each) for name, each in row.items()}
        for row in found
    ]
    click.echo(table(list(cells), [[cell.format(**row) for cell in cells.values()] for row in plain]))


def print_row(row: Row, *, as_json: bool) -> None:
    """Print a row as JSON, or as one line for each value, also of nested rows."""
    if as_json:
        click.echo(to_json(row))
        return
    parts = dict(_flatten(row))
    width = max(map(len, parts))
    for name, value in parts.items():
        click.echo(f"{name:<{width}}  {_to_text(value)}")


def _flatten(row: Row, within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values; the names in nested rows have a prefix, as in `company.tax_id`."""
    for name, value in row.items():
        match value:
            case dict() if value:
                yield from _flatten(value, f"{within}{name}.")
            case _:
                yield within + name, value


def to_json(value: Any) -> str:
    """Return the output of `--json`, in ASCII so that every terminal can show it."""
    return json.dumps(value, indent=2, default=format_time)


def format_time(value: datetime) -> str:
    """Return a time in RFC 3339, to the second."""
    return value.isoformat(timespec="seconds").replace("+00:00", "Z")


def _to_text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None | [] | ():
            return "-"
        case datetime():
            return format_time(value)
        case dict():
            return json.dumps(value, ensure_ascii=False, default=format_time)
        case list() | tuple():
            return ", ".join(map(_to_text, value))
        case _:
            return str(value)

"""Shared code of the commands: settings, ports with the operator as caller, and output as tables or JSON."""

import getpass
import json
import os
import pwd
import socket
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from port_runtime import logs
from port_runtime.settings import load
from port_runtime.startup import without_collection
from port_runtime.terminal_tables import table

from identity.domain.audit import (
    MAX_OPERATOR_CHARACTERS,
    MAX_REASON_CHARACTERS,
    MIN_REASON_CHARACTERS,
    Caller,
    parse_operator,
    parse_reason,
)
from identity.domain.errors import InvalidValue, MailboxTaken, NotFound, Refusal, TooSoon, WrongState
from identity.settings.database import DatabaseSettings

if TYPE_CHECKING:
    from identity.usecases.ports import Ports

Command = TypeVar("Command", bound=Callable[..., Any])
T = TypeVar("T", bound=DatabaseSettings)
Row = Mapping[str, Any]

OPERATOR = "IDENTITY_OPERATOR"
_LENGTH_CODES = frozenset({"too_short", "too_long", "required"})
_LENGTHS = {
    "--operator": f"1 to {MAX_OPERATOR_CHARACTERS} characters",
    "--reason": f"{MIN_REASON_CHARACTERS} to {MAX_REASON_CHARACTERS} characters",
}
_ADDRESS_CHARACTERS = 45

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def read_settings(kind: type[T]) -> T:
    """Read settings and configure logging. Raises SettingsError."""
    settings = load(kind, os.environ)
    logs.configure("identity", settings.log_level, log_format=settings.log_format)
    return settings


def with_ports(command: Command) -> Command:
    """Pass the ports as the first argument, with the operator as their caller; print a refusal as one line."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> None:
        with without_collection():
            from identity.bootstrap.ports import open_dependencies
            from identity.settings.web import WebSettings

        try:
            with open_dependencies(read_settings(WebSettings)) as dependencies:
                command(dependencies.ports.by(read_operator(None)), *args, **named)
        except Refusal as refusal:
            raise click.ClickException(_target(refusal, named) + describe_refusal(refusal)) from None

    return run  # type: ignore[return-value]  # wraps() keeps the signature


def _target(refusal: Refusal, named: Mapping[str, Any]) -> str:
    """Return a prefix with the name that was not found."""
    target = named.get("name") or named.get("account")
    return f"{target}: " if target and isinstance(refusal, NotFound) else ""


def as_operator(command: Command) -> Command:
    """Run a command as `with_ports` does, with the options --operator and --reason (OPS-1)."""

    @wraps(command)
    def run(ports: "Ports", *args: Any, operator: str | None, reason: str, **named: Any) -> None:
        command(ports.by(read_operator(operator, reason)), *args, **named)

    return with_ports(operator_options(run))  # type: ignore[return-value]  # wraps() keeps the signature


operator_option = click.option(
    "--operator", help=f"The operator's name (default: {OPERATOR} or the login name)."
)


def operator_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options --operator and --reason."""
    reason = click.option(
        "--reason",
        required=True,
        help=f"The reason, in {_LENGTHS['--reason']}; stored in the audit log.",
    )
    return operator_option(reason(command))


def read_operator(name: str | None, reason: str | None = None) -> Caller:
    """Return the operator as the caller, with the operating-system account and the address of the SSH client or host.

    Operators choose the name themselves, but not the account.
    """
    return Caller(
        kind="operator",
        name=_option("--operator", parse_operator, name or os.environ.get(OPERATOR) or _login_name()),
        login=_os_account(),
        reason=None if reason is None else _option("--reason", parse_reason, reason),
        address=(os.environ.get("SSH_CLIENT", "").split(" ")[0] or socket.gethostname())[
            :_ADDRESS_CHARACTERS
        ],
        request_id=uuid.uuid4().hex,
    )


def _option(name: str, parse: Callable[[str], str], raw: str) -> str:
    try:
        return parse(raw)
    except InvalidValue as error:
        length = f" ({_LENGTHS[name]})" if error.code in _LENGTH_CODES else ""
        raise click.ClickException(f"{name}: {describe_refusal(error)}{length}") from None


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user often has no name
        return f"uid {os.getuid()}"


def _os_account() -> str:
    """Return the operating-system account of this process; if it is root by sudo, also the account that ran sudo."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container the user often has no name
        account = f"uid {os.getuid()}"
    sudo = os.environ.get("SUDO_USER") if os.getuid() == 0 else None
    return f"{account} by sudo of {sudo}"[:MAX_OPERATOR_CHARACTERS] if sudo else account


def describe_refusal(refusal: Refusal) -> str:
    """Return the text for a refusal, for operators."""
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


def for_each(names: Sequence[str], act: Callable[[str], str]) -> None:
    """Call `act` with each name and print the result. Refusals do not stop the loop, but set the exit code to 1."""
    refused = 0
    with click.progressbar(names, file=sys.stderr, hidden=len(names) == 1 or not sys.stderr.isatty()) as bar:
        for name in bar:
            try:
                click.echo(f"{name}: {act(name)}")
            except Refusal as refusal:
                refused += 1
                click.echo(f"Error: {name}: {describe_refusal(refusal)}", err=True)
    if refused:
        sys.exit(1)


def print_rows(rows: Iterable[Row], *, cells: Mapping[str, str], as_json: bool) -> None:
    """Print rows as JSON or as a table; `cells` maps each heading to the format of its column."""
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
    """Print one row as JSON, or one line for each of its values."""
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

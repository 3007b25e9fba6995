"""The settings of a command, and the ports with the operator as their caller (OPS-1)."""

import getpass
import os
import pwd
import socket
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from port_runtime import logs
from port_runtime.settings import load
from port_runtime.startup import without_collection

from identity.cli.output import describe_refusal
from identity.domain.audit import (
    MAX_OPERATOR_CHARACTERS,
    MAX_REASON_CHARACTERS,
    MIN_REASON_CHARACTERS,
    Caller,
    parse_operator,
    parse_reason,
)
from identity.domain.errors import InvalidValue, NotFound, Refusal
from identity.domain.service_client import ClientError
from identity.settings.database import DatabaseSettings

if TYPE_CHECKING:
    from identity.usecases.ports import Ports

Command = TypeVar("Command", bound=Callable[..., Any])
T = TypeVar("T", bound=DatabaseSettings)

OPERATOR = "IDENTITY_OPERATOR"
_LENGTH_CODES = frozenset({"too_short", "too_long", "required"})
_LENGTHS = {
    "--operator": f"1 to {MAX_OPERATOR_CHARACTERS} characters",
    "--reason": f"{MIN_REASON_CHARACTERS} to {MAX_REASON_CHARACTERS} characters",
}
_ADDRESS_CHARACTERS = 45


def read_settings(kind: type[T]) -> T:
    """Read settings and configure logging. Raises SettingsError."""
    settings = load(kind, os.environ)
    logs.configure("identity", settings.log_level, log_format=settings.log_format)
    return settings


def with_ports(command: Command) -> Command:
    """Pass the ports, with the operator as caller, as the first argument; report an error of a rule in one line."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> None:
        with without_collection():
            from identity.bootstrap.commands import open_dependencies
            from identity.settings.web import WebSettings

        try:
            with open_dependencies(read_settings(WebSettings)) as (ports, _engine):
                command(ports.by(read_operator(None)), *args, **named)
        except Refusal as refusal:
            raise click.ClickException(_target(refusal, named) + describe_refusal(refusal)) from None
        except ClientError as error:
            raise click.ClickException(str(error)) from None

    return run  # type: ignore[return-value]  # wraps() keeps the signature


def _target(refusal: Refusal, named: Mapping[str, Any]) -> str:
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
    reason = click.option(
        "--reason",
        required=True,
        help=f"The reason, in {_LENGTHS['--reason']}; stored in the audit log.",
    )
    return operator_option(reason(command))


def read_operator(name: str | None, reason: str | None = None) -> Caller:
    """Return the operator as the caller. The address is that of the SSH client, or else the host's name.

    Operators choose the name themselves, but not the account of the operating system.
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

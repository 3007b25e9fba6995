"""What the operators' commands stand on: settings, the application, refusals in one line."""

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
from port_runtime import logs
from port_runtime.settings import exit_on_fault, load

from identity.settings import DatabaseSettings, Settings

if TYPE_CHECKING:
    from flask import Flask

Command = TypeVar("Command", bound=Callable[..., Any])
T = TypeVar("T", bound=DatabaseSettings)


def read_settings(kind: type[T]) -> T:
    """Read a process' settings and set its logs up; a fault ends the command with 2 and a line for each."""
    with exit_on_fault():
        settings = load(kind, os.environ)
    logs.configure("identity", settings.log_level)
    return settings


def application() -> "Flask":
    """Return the wired application."""
    from identity.app import create_app

    settings = read_settings(Settings)
    with exit_on_fault():
        return create_app(settings)


def acting(command: Command) -> Command:
    """Run an operator's command inside the application, its first argument the ports, refusals told in one line."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> None:
        from identity.domain.errors import NotFound, WrongState
        from identity.http.context import ports

        app = application()
        try:
            with app.app_context():
                command(ports(), *args, **named)
        except NotFound:
            raise click.ClickException("no such account") from None
        except WrongState as refusal:
            raise click.ClickException(f"the account is {refusal.state}") from None

    return run  # type: ignore[return-value]  # wraps() keeps the signature

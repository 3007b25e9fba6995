"""Shared code of the commands `identity check` and `mailer check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from port_runtime.setting_parsers import seconds

if TYPE_CHECKING:
    from port_runtime.health import Report

wait_option = click.option(
    "--wait",
    "wait_seconds",
    type=seconds,
    default="0",
    metavar="TIME",
    help="Repeat failed checks for up to this time, such as 10m. A wrong setting ends the command at once.",
)


def print_waiting(report: Report) -> None:
    """Print to standard error the failed checks that a command waits for."""
    failed = (f"{name}: {result}" for name, result in report.results.items() if result != "ok")
    click.echo(f"waiting for {'; '.join(failed)}", err=True)

"""What the commands `identity check` and `mailer check` have in common."""

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
    help="Repeat failed checks for so long, such as 10m; a wrong setting ends the command at once.",
)


def print_waiting(report: Report) -> None:
    """Print what a command still waits for, to standard error."""
    failed = (f"{name}: {result}" for name, result in report.results.items() if result != "ok")
    click.echo(f"waiting for {'; '.join(failed)}", err=True)

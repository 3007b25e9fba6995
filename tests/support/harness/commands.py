"""Runs the command `identity` in this process, with the system's database, settings and clock."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

from click.testing import CliRunner, Result
from identity.cli import main
from identity.settings.tidy import TidySettings
from port_runtime.settings import describe

from tests.support.harness.system import System

_TIDY = {doc.name for doc in describe(TidySettings)}
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:")


def invoke(system: System, *arguments: str, charset: str = "utf-8", **settings: str) -> Result:
    """Run `identity ARGUMENTS…` on the test's clock and a terminal with `charset`; `settings` replace variables."""
    environment: dict[str, str | None] = {**system.environment, **settings}
    if arguments[0] == "tidy":  # its process has only these variables
        environment = {name: environment.get(name) for name in _TIDY}
    with _on_test_clock(system):
        return CliRunner(charset=charset).invoke(main, arguments, env=environment)


def json_output(ended: Result) -> Any:
    """Return the JSON output of a command that succeeded, without the log lines of the mailer in this process."""
    assert ended.exit_code == 0, ended.output
    return json.loads("".join(line for line in ended.stdout.splitlines() if not _LOGGED.match(line)))


@contextlib.contextmanager
def _on_test_clock(system: System) -> Iterator[None]:
    with (
        mock.patch("identity.bootstrap.web.SystemClock", return_value=system.clock),
        mock.patch("identity.bootstrap.tidy.SystemClock", return_value=system.clock),
        mock.patch("identity.cli.operator.logs.configure"),
    ):
        yield

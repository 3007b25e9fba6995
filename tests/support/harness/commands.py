"""The identity command inside this process: on the system's database, its settings and its clock."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import identity.processes.web
from click.testing import CliRunner, Result
from flask import Flask
from identity.cli import main

from tests.support.harness.system import System

_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:")


def command(system: System, *arguments: str, **settings: str) -> Result:
    """Run `identity ARGUMENTS…` as an operator would, at the test's time; return output and exit code."""
    with _at_the_tests_time(system):
        return CliRunner().invoke(main, arguments, env={**system.environment, **settings})


def answered(ended: Result) -> Any:
    """Return the JSON that a command printed; the mailer of the same process may log between its lines."""
    assert ended.exit_code == 0, ended.output
    return json.loads("".join(line for line in ended.stdout.splitlines() if not _LOGGED.match(line)))


@contextlib.contextmanager
def _at_the_tests_time(system: System) -> Iterator[None]:
    made: list[Flask] = []
    create_app = identity.processes.web.create_app

    def create(*given: Any, **named: Any) -> Flask:
        made.append(create_app(*given, **{"clock": system.clock, **named}))
        return made[-1]

    with (
        mock.patch("identity.processes.web.create_app", create),
        mock.patch("identity.cli.base.logs.configure"),
    ):
        try:
            yield
        finally:
            for app in made:
                _disconnect(app)


def _disconnect(app: Flask) -> None:
    from identity.adapters.sql.engine import db

    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()

"""Runs the command `mailer` in this process, with the settings of a harness."""

import json
from typing import Any

from click.testing import CliRunner, Result

from mailer.cli import main
from tests.mailer.harness import MailerHarness, Published


def run_command(
    harness: MailerHarness, *arguments: str, answer: str = "", charset: str = "utf-8", **over: str
) -> Result:
    """Run `mailer ARGUMENTS…` with `answer` as its input; `charset` is that of input and output."""
    return CliRunner(charset=charset).invoke(main, arguments, env=harness.environ(**over), input=answer)


def run_json(harness: MailerHarness, *arguments: str) -> Any:
    """Run a command with --json; return the parsed output."""
    result = run_command(harness, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refuse(harness: MailerHarness, address: str, text: str = "5.1.1 No such user", **over: Any) -> Published:
    """Request a mail that the running mailer records as permanently refused."""
    harness.smtp.refuse(address, text=text)
    published = harness.request(address, **over)
    harness.wait_for_state(published, "refused")
    harness.wait_until_finished()
    return published

"""The command `mailer` inside this process, as an operator of a world would run it."""

import json
from typing import Any

from click.testing import CliRunner, Result

from mailer.cli import main
from tests.mailer.harness import MailerHarness, Published


def run_command(world: MailerHarness, *arguments: str, answer: str = "", **over: str) -> Result:
    """Run `mailer ARGUMENTS…` with the world's settings; return output and exit code."""
    return CliRunner().invoke(main, arguments, env=world.environ(**over), input=answer)


def run_json(world: MailerHarness, *arguments: str) -> Any:
    """Return what the command prints as JSON."""
    told = run_command(world, *arguments, "--json")
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def refuse(world: MailerHarness, address: str, words: str = "5.1.1 No such user", **over: Any) -> Published:
    """Have a mail refused for good by the mailer that runs."""
    world.smtp.refuse(address, text=words)
    published = world.request(address, **over)
    world.wait_for_state(published, "refused")
    world.wait_until_finished()
    return published

"""The command `mailer`."""

import json

import click
from port_runtime.settings import describe, exit_on_error
from port_runtime.startup import without_collection
from port_runtime.terminal_encoding import replace_unencodable

from mailer.cli.check import check
from mailer.cli.dead_letters import dead
from mailer.cli.queue import queue
from mailer.cli.sample_mails import preview, send_test
from mailer.cli.setup import exit_on_broken_template, mailer_settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mailer")
def main() -> None:
    """Send mails for the events of the port-pass identity system.

    Settings are environment variables, or files named by NAME_FILE variables; `mailer settings` lists them.
    """
    replace_unencodable()


for command in (check, dead, preview, queue, send_test):
    main.add_command(command)


@main.command()
def run() -> None:
    """Send mails until SIGTERM or Ctrl-C. Any number of mailers may run at the same time."""
    from port_runtime import logs

    with without_collection():
        from mailer.process import MailerProcess

        settings = mailer_settings()
        logs.configure("mailer", settings.log_level, log_format=settings.log_format)
        with exit_on_broken_template():
            process = MailerProcess.build(settings)
    with exit_on_error():
        process.run(settings)


@main.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_settings(*, as_json: bool) -> None:
    """List the settings with their defaults."""
    from mailer.settings import Settings

    docs = describe(Settings)
    if as_json:
        rows = [
            {"name": each.name, "doc": each.doc, "default": each.default_text, "required": each.required}
            for each in docs
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for each in docs:
        default = "required" if each.required else each.default_text or "unset"
        click.echo(f"{each.name}\n    {each.doc} [{default}]")

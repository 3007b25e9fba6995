"""The identity command."""

import click
from port_runtime.terminal_encoding import replace_unencodable

from identity.cli import clients_oidc, keys_rotate  # noqa: F401  # each adds its commands to a group
from identity.cli.accounts import accounts
from identity.cli.audit import audit
from identity.cli.bindings import bindings
from identity.cli.check import check
from identity.cli.clients import clients
from identity.cli.database import database
from identity.cli.errors import CommandGroup
from identity.cli.events import events
from identity.cli.grants import grants
from identity.cli.keys import keys
from identity.cli.logouts import logouts
from identity.cli.migrate import migrate
from identity.cli.notify import notify
from identity.cli.openapi import openapi
from identity.cli.relay import relay
from identity.cli.serve import serve
from identity.cli.sessions import sessions
from identity.cli.tidy import tidy


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="identity")
def main() -> None:
    """Accounts, bindings and sessions of Taiwan's port passes."""
    replace_unencodable()


for command in (serve, relay, notify, migrate, openapi, check, tidy):
    main.add_command(command)
for group in (accounts, audit, bindings, clients, database, events, grants, keys, logouts, sessions):
    main.add_command(group)

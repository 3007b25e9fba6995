"""`identity migrate`: create or update the database schema."""

import click
from port_runtime.signals import interrupt_on_sigterm
from port_runtime.startup import without_collection

from identity.cli.operator import read_settings


@click.command()
def migrate() -> None:
    """Bring the database up to date; safe to run repeatedly and concurrently."""
    interrupt_on_sigterm()
    with without_collection():
        from identity.adapters.sql.engine import open_engine
        from identity.adapters.sql.migration_runner import migrate as run
        from identity.settings.database import DatabaseSettings

    settings = read_settings(DatabaseSettings)
    before, after = run(open_engine(settings.database_url.reveal()))
    click.echo(
        f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, up to date"
    )

"""`identity database`: SQL for the administrator of PostgreSQL (SEC-17)."""

import click


@click.group()
def database() -> None:
    """Print SQL for the administrator of PostgreSQL."""


@database.command()
def roles() -> None:
    """Print SQL that creates a role for each process. The SQL is safe to run repeatedly, after every migration.

    The roles have no passwords. Example: identity database roles | psql postgresql://…/identity
    """
    from identity.adapters.sql.roles import roles_script

    click.echo(roles_script(), nl=False)

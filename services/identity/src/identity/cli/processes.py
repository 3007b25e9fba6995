"""`identity serve`, `relay`, `migrate`, `tidy`, `check`, `openapi`: the processes, and what runs once."""

import json
import sys

import click
from port_runtime import sharing
from port_runtime.settings import exit_on_fault

from identity.cli.operating import application, read_settings
from identity.settings import DatabaseSettings, RelaySettings, Settings


@click.command()
def serve() -> None:
    """Serve portal and API by gunicorn, in the foreground."""
    settings = read_settings(Settings)
    # Before anything imports the library that measures: several processes are to measure together.
    shared = sharing.directory("identity-metrics-") if settings.metrics_bind else None
    from identity.server import Server

    with exit_on_fault():
        Server(settings, shared).run()


@click.command()
def relay() -> None:
    """Publish events from the outbox; any number may run, one is active."""
    from identity.relay import serve as run

    settings = read_settings(RelaySettings)
    with exit_on_fault():
        run(settings)


@click.command()
def migrate() -> None:
    """Bring the database up to date; may run several times, and at once."""
    from identity.adapters.database import open_engine
    from identity.adapters.migrating import migrate as run

    settings = read_settings(DatabaseSettings)
    before, after = run(open_engine(settings.database_url.reveal()))
    click.echo(
        f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, up to date"
    )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tidy(*, as_json: bool) -> None:
    """Lapse what was not verified in time, and drop what is past its time."""
    from identity.adapters.database import db
    from identity.adapters.sweeper import SqlSweeper
    from identity.http.context import ports
    from identity.usecases.tidying import tidy as run

    app = application()
    with app.app_context():
        tidied = run(ports(), SqlSweeper(db.engine))
    counts = {
        "accounts": tidied.accounts,
        "bindings": tidied.bindings,
        "rows": tidied.rows,
        "facts": tidied.facts,
    }
    click.echo(
        json.dumps(counts)
        if as_json
        else "lapsed accounts: {accounts}, lapsed bindings: {bindings}, dropped rows: {rows}, "
        "dropped facts: {facts}".format(**counts)
    )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, as_json: bool) -> None:
    """Check settings, texts, keys and the database; exit code 1 where something is not ready."""
    from port_runtime.health import Check, run

    from identity.adapters.database import db, reachable
    from identity.adapters.migrating import revision_probe

    app = application()
    with app.app_context():
        report = run(
            [Check("database", reachable(db.engine)), Check("migrations", revision_probe(db.engine))]
        )
    results = {"settings": "ok", **report.results}
    click.echo(
        json.dumps(results) if as_json else "\n".join(f"{name}: {found}" for name, found in results.items())
    )
    sys.exit(0 if report.ok else 1)


@click.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from identity.documents import openapi_document

    click.echo(openapi_document())


COMMANDS = (serve, relay, migrate, tidy, check, openapi)

"""`identity serve`, `relay`, `notify`, `migrate` and `openapi`."""

import click
from port_runtime import multiprocess_metrics
from port_runtime.signals import interrupt_on_sigterm
from port_runtime.startup import without_collection, without_modules

from identity.cli.base import read_settings


@click.command()
def serve() -> None:
    """Serve the portal and the API with gunicorn, in the foreground."""
    from identity.settings.web import WebSettings

    settings = read_settings(WebSettings)
    # Must precede the import of prometheus_client, which chooses its multiprocess mode at import.
    shared = multiprocess_metrics.create_directory("identity-metrics-") if settings.metrics_bind else None
    try:
        with without_collection():
            from identity.processes.gunicorn_server import Server

            server = Server(settings, shared)
    except BaseException:
        if shared:
            multiprocess_metrics.remove_directory(shared)  # once gunicorn runs, its on_exit hook removes it
        raise
    server.run()


@click.command()
def relay() -> None:
    """Publish events from the outbox. Any number of relays may run; one of them is the leader."""
    # redis-py imports both if they are installed. The relay needs neither, and they take an eighth of its memory.
    with without_collection(), without_modules("cryptography", "opentelemetry.sdk"):
        from identity.processes.relay import serve as run
        from identity.settings.relay import RelaySettings

        settings = read_settings(RelaySettings)
    run(settings)


@click.command()
def notify() -> None:
    """Notify services of ended logins (back-channel logout). Any number of these processes may run."""
    with without_collection():
        from identity.processes.notify import serve as run
        from identity.settings.notify import NotifySettings

        settings = read_settings(NotifySettings)
    run(settings)


@click.command()
def migrate() -> None:
    """Bring the database up to date; safe to run repeatedly and concurrently."""
    interrupt_on_sigterm()
    with without_collection():
        from identity.adapters.sql.engine import open_engine
        from identity.adapters.sql.migrations import migrate as run
        from identity.settings.database import DatabaseSettings

    settings = read_settings(DatabaseSettings)
    before, after = run(open_engine(settings.database_url.reveal()))
    click.echo(
        f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, up to date"
    )


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    from identity.processes.openapi import openapi_document

    click.echo(openapi_document())


COMMANDS = (serve, relay, notify, migrate, openapi)

"""`identity serve`: the web server."""

import click
from port_runtime import multiprocess_metrics
from port_runtime.startup import without_collection

from identity.cli.operator import read_settings


@click.command()
def serve() -> None:
    """Serve the portal and the API with gunicorn, in the foreground."""
    from identity.settings.web import WebSettings

    settings = read_settings(WebSettings)
    # Must precede the import of prometheus_client, which chooses its multiprocess mode at import.
    shared = multiprocess_metrics.create_directory("identity-metrics-") if settings.metrics_bind else None
    try:
        with without_collection():
            from identity.processes.web_server.gunicorn_server import Server

            server = Server(settings, shared)
    except BaseException:
        if shared:
            multiprocess_metrics.remove_directory(shared)  # once gunicorn runs, the on_exit hook does this
        raise
    server.run()

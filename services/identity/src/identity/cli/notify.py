"""`identity notify`: send back-channel logouts."""

import click
from port_runtime.startup import without_collection

from identity.cli.operator import read_settings


@click.command()
def notify() -> None:
    """Notify services that logins have ended (back-channel logout). Any number of these processes may run."""
    with without_collection():
        from identity.processes.notify import serve as run
        from identity.settings.notify import NotifySettings

        settings = read_settings(NotifySettings)
    run(settings)

"""`identity relay`: publish the outbox."""

import click
from port_runtime.startup import without_collection, without_modules

from identity.cli.operator import read_settings


@click.command()
def relay() -> None:
    """Publish events from the outbox. Any number of relays may run; one of them is the leader."""
    # redis-py imports both if they are installed. The relay needs neither, and they take an eighth of its memory.
    with without_collection(), without_modules("cryptography", "opentelemetry.sdk"):
        from identity.processes.relay import serve as run
        from identity.settings.relay import RelaySettings

        settings = read_settings(RelaySettings)
    run(settings)

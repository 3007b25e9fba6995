"""`identity events`: inspect the outbox and the feed, and publish events again (EVT-2, EVT-6)."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from identity.cli.operator import operator_option, read_operator, read_settings, with_ports
from identity.cli.output import as_json, format_time, print_row, print_rows, to_json

if TYPE_CHECKING:
    from identity.usecases.ports import Ports
    from identity.usecases.ports.feed import OutboxRecord

PREFIX = "tw.port.identity."
_CELLS = {
    "POSITION": "{position}",
    "PUBLISHED": "{published_at}",
    "TYPE": "{short}",
    "SUBJECT": "{subject}",
    "EVENT": "{event_id}",
    "MAIL": "{mail_state}",
}


@click.group()
def events() -> None:
    """Inspect the outbox, and make the relay publish events again."""


@events.command()
@as_json
@with_ports
def status(ports: "Ports", *, as_json: bool) -> None:
    """Show the feed's positions, the number of unpublished events, and that of mails without a receipt."""
    stats = asdict(ports.feed.stats())
    if as_json:
        click.echo(to_json(stats))
        return
    since = f", oldest of {format_time(stats['pending_since'])}" if stats["pending"] else ""
    click.echo(f"feed:     positions {stats['oldest'] or '-'} to {stats['newest']}")
    click.echo(f"pending:  {stats['pending']}{since}")
    click.echo(f"mails:    {stats['mails_waiting']} without a receipt")


@events.command("list")
@click.option(
    "--after", type=click.IntRange(0), default=0, show_default=True, help="Only events after this position."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--type", "type_name", help="Only events of this type, e.g. binding.verified.")
@click.option("--subject", help="Only events about the account with this id.")
@as_json
@with_ports
def list_events(  # noqa: PLR0913  # an argument for each option
    ports: "Ports", *, after: int, limit: int, type_name: str | None, subject: str | None, as_json: bool
) -> None:
    """List published events in the order of the feed."""
    from identity.usecases.audit.recording import record_read

    record_read(ports, "events.read", None, criteria={"type": type_name, "subject": subject})
    whole = type_name if type_name is None or type_name.startswith(PREFIX) else PREFIX + type_name
    found = ports.feed.records(after=after, limit=limit, type_name=whole, subject=subject)
    rows = [_printed(each) for each in found]
    if not as_json:
        rows = [{**row, "short": row["type"].removeprefix(PREFIX)} for row in rows]
    print_rows(rows, cells=_CELLS, as_json=as_json)


@events.command("show")
@click.argument("event_id")
@as_json
@with_ports
def show_event(ports: "Ports", event_id: str, *, as_json: bool) -> None:
    """Show one event with its position and the state of its mail, without the sealed part."""
    from identity.usecases.audit.recording import record_read

    found = ports.feed.record(event_id)
    if found is None:
        raise click.ClickException("no such event")
    record_read(ports, "events.read", found.subject, event=event_id)
    print_row(_printed(found), as_json=as_json)


@events.command()
@click.option(
    "--after", type=click.IntRange(0), required=True, help="Publish again the events after this position."
)
@as_json
@operator_option
def replay(*, after: int, operator: str | None, as_json: bool) -> None:
    """Make the relay publish the events after a position again, with the same ids.

    Uses the relay's settings. No mail is sent twice: its sealed part is deleted with the receipt, and until then the
    mailer recognizes its id.
    """
    from identity.bootstrap.relay import rewind
    from identity.settings.relay import RelaySettings

    before = rewind(read_settings(RelaySettings), after=after, caller=read_operator(operator))
    if before is None:
        raise click.ClickException(
            "Redis has no checkpoint: the relay publishes the events again without this command"
        )
    if as_json:
        click.echo(to_json({"after": min(after, before), "before": before}))
    elif after < before:
        click.echo(f"positions {after + 1} to {before} are published again")
    else:
        click.echo(f"nothing to publish again: the stream ends at position {before}")


def _printed(record: "OutboxRecord") -> dict[str, Any]:
    printed = asdict(record)
    printed["event"] = json.loads(printed.pop("ce"))
    return printed

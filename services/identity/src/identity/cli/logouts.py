"""`identity logouts`: list, retry and drop logouts that have not reached their service (OIDC-22)."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from identity.cli.operator import as_operator, with_ports
from identity.cli.output import as_json, for_each, print_rows

if TYPE_CHECKING:
    from identity.domain.backchannel_logout import Logout
    from identity.usecases.ports import Ports

_CELLS = {
    "LOGOUT": "{id}",
    "CLIENT": "{client}",
    "SINCE": "{created_at}",
    "TRIES": "{tries}",
    "LAST ANSWER": "{outcome}",
    "NEXT TRY": "{due_at}",
    "SET ASIDE": "{set_aside_at}",
}
_IDS = click.argument("logout_ids", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))


@click.group()
def logouts() -> None:
    """List, retry and drop logouts that have not reached their service."""


@logouts.command("list")
@click.option("--client", help="Only logouts of this client.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@as_json
@with_ports
def list_logouts(ports: "Ports", *, client: str | None, limit: int, as_json: bool) -> None:
    """List the logouts that wait for their next attempt or were set aside, oldest first."""
    from identity.usecases import backchannel_logout_administration

    found = backchannel_logout_administration.unsettled(ports, client=client, limit=limit)
    print_rows(map(_row, found), cells=_CELLS, as_json=as_json)


def _row(logout: "Logout") -> dict[str, Any]:
    return {
        "id": logout.id,
        "client": logout.client,
        "grant_id": logout.grant_id,
        "created_at": logout.created_at,
        "tries": logout.tries,
        "outcome": logout.outcome,
        "due_at": None if logout.done_at else logout.due_at,
        "set_aside_at": logout.done_at,
    }


@logouts.command("retry")
@_IDS
@as_operator
def retry(ports: "Ports", logout_ids: tuple[int, ...]) -> None:
    """Notify the services again, at once and for up to another 3 days."""
    from identity.usecases import backchannel_logout_administration

    for_each(logout_ids, partial(backchannel_logout_administration.retry, ports), done="is tried again")


@logouts.command("drop")
@_IDS
@as_operator
def drop(ports: "Ports", logout_ids: tuple[int, ...]) -> None:
    """Drop logouts, so that the services are not notified."""
    from identity.usecases import backchannel_logout_administration

    for_each(logout_ids, partial(backchannel_logout_administration.drop, ports), done="dropped")

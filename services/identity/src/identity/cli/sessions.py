"""`identity sessions`: list and end sessions with their grants (OPS-1)."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from identity.cli.operator import as_operator, with_ports
from identity.cli.output import as_json, for_each, print_rows

if TYPE_CHECKING:
    from identity.usecases.ports import Ports

_CELLS = {
    "SESSION": "{id}",
    "LAST SEEN": "{last_seen_at}",
    "UNTIL": "{expires_at}",
    "FROM": "{address}",
    "SERVICES": "{services}",
    "HELD BY": "{holder}",
    "ACTS AS": "{account}",
}


@click.group()
def sessions() -> None:
    """List and end sessions."""


@sessions.command("list")
@click.argument("name")
@as_json
@with_ports
def list_sessions(ports: "Ports", name: str, *, as_json: bool) -> None:
    """List the sessions of an account and those that act as the account, including those with only grants left."""
    from identity.http.api.admin_schemas import AdminSessionSchema
    from identity.usecases import account_queries

    found = AdminSessionSchema().dump(account_queries.logins_of(ports, name), many=True)
    if not as_json:
        found = _named(ports, found)
    print_rows(found, cells=_CELLS, as_json=as_json)


def _named(ports: "Ports", rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the usernames of both accounts. The columns of a deleted session are None."""
    from identity.usecases import account_queries

    names = account_queries.usernames_of(
        ports, {row[side] for row in rows for side in ("holder_id", "account_id") if side in row}
    )
    return [
        {
            "last_seen_at": None,
            "address": None,
            **row,
            "holder": names[row["holder_id"]],
            "account": names.get(row.get("account_id", "")),
            "services": [each["name"] for each in row["services"]],
        }
        for row in rows
    ]


@sessions.command("end")
@click.argument("session_ids", nargs=-1)
@click.option("--account", help="End all sessions that belong to this account or act as it.")
@as_operator
def end(ports: "Ports", session_ids: tuple[str, ...], *, account: str | None) -> None:
    """End sessions and their grants at once."""
    from identity.usecases import operator_support

    if bool(session_ids) == bool(account):
        raise click.UsageError("pass session ids, or --account")
    if account:
        click.echo(f"{account}: {operator_support.end_sessions(ports, account)} ended")
    else:
        for_each(session_ids, partial(operator_support.end_session, ports), done="ended")

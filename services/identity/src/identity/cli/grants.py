"""`identity grants`: list and end logins at other services (OIDC-25)."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from identity.cli.operator import as_operator, with_ports
from identity.cli.output import as_json, for_each, print_rows

if TYPE_CHECKING:
    from identity.domain.open_login import ServiceLogin
    from identity.usecases.ports import Ports

_CELLS = {
    "GRANT": "{id}",
    "CLIENT": "{client}",
    "SINCE": "{created_at}",
    "UNTIL": "{expires_at}",
    "HELD BY": "{holder}",
    "ACTS AS": "{account}",
    "SCOPES": "{scopes}",
}


@click.group()
def grants() -> None:
    """List and end logins at other services."""


@grants.command("list")
@click.argument("name")
@as_json
@with_ports
def list_grants(ports: "Ports", name: str, *, as_json: bool) -> None:
    """List the grants of an account, and the grants that act as the account, unless they have ended."""
    from identity.usecases import account_queries

    found = account_queries.grants_of(ports, name)
    rows = [_row(grant) for grant in found]
    if not as_json:
        ids = {row[side] for row in rows for side in ("holder_id", "account_id")}
        names = account_queries.usernames_of(ports, ids)
        rows = [
            {**row, "holder": names[row["holder_id"]], "account": names[row["account_id"]]} for row in rows
        ]
    print_rows(rows, cells=_CELLS, as_json=as_json)


def _row(grant: "ServiceLogin") -> dict[str, Any]:
    return {
        "id": grant.id,
        "client": grant.client,
        "session_id": grant.session_id,
        "holder_id": grant.holder_id,
        "account_id": grant.account_id,
        "scopes": grant.scopes,
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
    }


@grants.command("end")
@click.argument("grant_ids", nargs=-1, required=True)
@as_operator
def end(ports: "Ports", grant_ids: tuple[str, ...]) -> None:
    """End grants at once; the services are notified."""
    from identity.usecases import operator_support

    for_each(grant_ids, partial(operator_support.end_grant, ports), done="ended")

"""`identity clients`: service clients and their secrets (SEC-12)."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from port_runtime.setting_parsers import seconds

from identity.cli.operator import with_ports
from identity.cli.output import as_json, print_row, print_rows, to_json
from identity.domain.service_client import SCOPES

if TYPE_CHECKING:
    from identity.domain.oidc_client import OidcClient
    from identity.domain.service_client import Scope, ServiceClient
    from identity.usecases.ports import Ports

_right = partial(
    click.option, "--right", "rights", type=click.Choice(SCOPES), multiple=True, help="May be repeated."
)
_CELLS = {
    "CLIENT": "{name}",
    "RIGHTS": "{rights}",
    "OIDC": "{oidc}",
    "SECRET OF": "{rotated_at}",
    "OLD ONE UNTIL": "{former_ends_at}",
    "REVOKED": "{revoked_at}",
}


@click.group()
def clients() -> None:
    """Manage service clients and their secrets; each secret is printed once."""


@clients.command("add")
@click.argument("name")
@_right()
@as_json
@with_ports
def add_client(ports: "Ports", name: str, *, rights: "tuple[Scope, ...]", as_json: bool) -> None:
    """Create a client NAME and print its secret, which cannot be read again."""
    from identity.usecases import service_clients as cases

    _print_secret(*cases.add(ports, name, rights), as_json=as_json)


@clients.command("list")
@as_json
@with_ports
def list_clients(ports: "Ports", *, as_json: bool) -> None:
    """List all clients with their rights, without secrets."""
    from identity.usecases import oidc_clients as cases

    rows = [{**_client_row(each.client), "oidc": each.oidc is not None} for each in cases.every(ports)]
    print_rows(rows, cells=_CELLS, as_json=as_json)


@clients.command("show")
@click.argument("name")
@as_json
@with_ports
def show_client(ports: "Ports", name: str, *, as_json: bool) -> None:
    """Show client NAME with its registration for OpenID Connect."""
    from identity.usecases import oidc_clients as cases

    found = cases.show(ports, name)
    row = {**_client_row(found.client), "oidc": registration_row(found.oidc) if found.oidc else None}
    print_row(row, as_json=as_json)


@clients.command("rotate")
@click.argument("name")
@click.option(
    "--overlap", default="7d", show_default=True, help="How long the old secret stays valid; 0 ends it now."
)
@click.option("--end-old", is_flag=True, help="Create no new secret; end the old one now.")
@as_json
@with_ports
def rotate_client(ports: "Ports", name: str, *, overlap: str, end_old: bool, as_json: bool) -> None:
    """Print a new secret for NAME. The old secret stays valid for --overlap; --end-old creates no new secret."""
    from identity.usecases import service_clients as cases

    if end_old:
        _print_row(cases.end_old(ports, name), as_json=as_json)
        return
    _print_secret(*cases.rotate(ports, name, overlap=_overlap(overlap)), as_json=as_json)


@clients.command("revoke")
@click.argument("name")
@as_json
@with_ports
def revoke_client(ports: "Ports", name: str, *, as_json: bool) -> None:
    """Revoke a client permanently. Its secrets become invalid at once."""
    from identity.usecases import service_clients as cases

    _print_row(cases.revoke(ports, name), as_json=as_json)


@clients.command("rights")
@click.argument("name")
@_right(required=True)
@as_json
@with_ports
def set_rights(ports: "Ports", name: str, *, rights: "tuple[Scope, ...]", as_json: bool) -> None:
    """Replace the rights of NAME."""
    from identity.usecases import service_clients as cases

    _print_row(cases.set_rights(ports, name, rights), as_json=as_json)


def _overlap(text: str) -> timedelta:
    try:
        return timedelta(seconds=0 if text == "0" else seconds(text))
    except (ValueError, OverflowError):
        raise click.BadParameter("must be a duration such as 7d or 12h", param_hint="--overlap") from None


def _client_row(client: "ServiceClient") -> dict[str, Any]:
    return {
        "name": client.name,
        "rights": client.rights,
        "created_at": client.created_at,
        "rotated_at": client.rotated_at,
        "former_ends_at": client.former_ends_at,
        "revoked_at": client.revoked_at,
    }


def registration_row(client: "OidcClient") -> dict[str, Any]:
    from identity.http.api.client_schemas import OidcClientSchema

    row: dict[str, Any] = OidcClientSchema().dump(client)
    return row


def _print_secret(client: "ServiceClient", secret: str, *, as_json: bool) -> None:
    click.echo(to_json({**_client_row(client), "secret": secret}) if as_json else secret)


def _print_row(client: "ServiceClient", *, as_json: bool) -> None:
    state = "revoked" if client.revoked_at else ", ".join(client.rights)
    click.echo(to_json(_client_row(client)) if as_json else f"{client.name}: {state}")

"""`identity bindings`: list and end bindings, and mail new codes (OPS-1)."""

from functools import partial
from typing import TYPE_CHECKING

import click

from identity.cli.operator import as_operator, with_ports
from identity.cli.output import as_json, for_each, print_rows

if TYPE_CHECKING:
    from identity.usecases.ports import Ports

_CELLS = {
    "BINDING": "{id}",
    "STATUS": "{status}",
    "LINK ACCOUNT": "{link[username]}",
    "GENERAL ACCOUNT": "{general[username]}",
    "REQUESTED": "{requested_at}",
}
_ids = click.argument("binding_ids", nargs=-1, required=True)


@click.group()
def bindings() -> None:
    """List and end bindings, and mail new codes."""


@bindings.command("list")
@click.argument("name")
@as_json
@with_ports
def list_bindings(ports: "Ports", name: str, *, as_json: bool) -> None:
    """List an account's bindings, live and ended, newest first."""
    from identity.http.api.admin_schemas import AdminBindingSchema
    from identity.usecases import account_queries

    found = AdminBindingSchema().dump(account_queries.bindings_of(ports, name), many=True)
    print_rows(found, cells=_CELLS, as_json=as_json)


@bindings.command("remove")
@_ids
@as_operator
def remove(ports: "Ports", binding_ids: tuple[str, ...]) -> None:
    """End bindings, and the sessions and grants that use them. A notice is mailed for each binding."""
    from identity.usecases import operator_support

    for_each(binding_ids, partial(operator_support.remove_binding, ports), done="removed")


@bindings.command("resend-code")
@_ids
@as_operator
def resend_code(ports: "Ports", binding_ids: tuple[str, ...]) -> None:
    """Mail new codes for bindings that are not yet verified. Older codes become invalid."""
    from identity.usecases import operator_support

    for_each(binding_ids, partial(operator_support.resend_code, ports), done="a new code is mailed")

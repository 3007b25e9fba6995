"""`identity bindings`: who is bound to whom, and ending it (OPS-1)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from identity.cli.operating import acting, as_json, changing, each_of, show

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
    """See and end bindings."""


@bindings.command("list")
@click.argument("name")
@as_json
@acting
def list_bindings(ports: "Ports", name: str, *, as_json: bool) -> None:
    """List an account's bindings, live and ended, newest first."""
    from identity.http.api.admin_answers import present_tie
    from identity.usecases import inspection

    show(map(present_tie, inspection.bindings_of(ports, name)), cells=_CELLS, as_json=as_json)


@bindings.command("remove")
@_ids
@changing
def remove(ports: "Ports", binding_ids: tuple[str, ...]) -> None:
    """End bindings: sessions acting by them end at once, and both sides learn of it."""
    from identity.usecases import administration

    each_of(binding_ids, _doing(administration.remove_binding, ports, "removed"))


@bindings.command("resend-code")
@_ids
@changing
def resend_code(ports: "Ports", binding_ids: tuple[str, ...]) -> None:
    """Mail new codes for bindings not yet verified; older codes are void."""
    from identity.usecases import administration

    each_of(binding_ids, _doing(administration.resend_code, ports, "a new code is mailed"))


def _doing(act: Callable[["Ports", str], None], ports: "Ports", done: str) -> Callable[[str], str]:
    def do(binding_id: str) -> str:
        act(ports, binding_id)
        return done

    return do

"""Bindings, from the link account's side (BIND, UNB-1)."""

from typing import Any

from identity.domain.code import parse_code
from identity.domain.session import Principal
from identity.http.api.answers import present_binding
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Input, SecretText, Text
from identity.http.api.response_schemas import BindingShown, BindingsShown
from identity.http.context import client_info, ports, require_principal
from identity.usecases import bindings

blueprint = ApiBlueprint("bindings", __name__, description="Bindings of a link account")


class BindInput(Input):
    """A general account and its password."""

    username = Text(required=True)
    password = SecretText(required=True)


class CodeInput(Input):
    """The mailed code."""

    code = Text(parse_code, required=True)


def _link() -> Principal:
    """Return the link account that asks, acting for itself."""
    return require_principal("link")


@blueprint.get("/bindings")
@documents_errors(blueprint, 401, 403)
@blueprint.response(200, BindingsShown)
def list_all() -> dict[str, Any]:
    """List the bindings, with those the other side ended until dismissed."""
    rows = bindings.list_bindings(ports(), _link())
    return {"items": [present_binding(row) for row in rows]}


@blueprint.post("/bindings")
@body(blueprint, BindInput, guard=_link)
@documents_errors(blueprint, 401, 403, 409, 422, 429, 503)
@blueprint.response(201, BindingShown)
def request_binding(given: dict[str, Any]) -> dict[str, Any]:
    """Bind a general account; a code is mailed to it (BIND-2)."""
    row = bindings.request(
        ports(),
        _link(),
        username=given["username"],
        password=given["password"].reveal(),
        client=client_info(),
    )
    return present_binding(row)


@blueprint.post("/bindings/<uuid:binding_id>/verify")
@body(blueprint, CodeInput, guard=_link)
@documents_errors(blueprint, 400, 401, 403, 404, 410, 422)
@blueprint.response(200, BindingShown)
def verify(given: dict[str, Any], binding_id: object) -> dict[str, Any]:
    """Verify a binding by its code (BIND-6)."""
    row = bindings.verify(ports(), _link(), str(binding_id), code=given["code"])
    return present_binding(row)


@blueprint.post("/bindings/<uuid:binding_id>/code")
@documents_errors(blueprint, 401, 403, 404, 409, 422, 429)
@blueprint.response(202)
def resend_code(binding_id: object) -> dict[str, Any]:
    """Mail a new code; the older one is void (BIND-6)."""
    bindings.resend_code(ports(), _link(), str(binding_id))
    return {}


@blueprint.delete("/bindings/<uuid:binding_id>")
@documents_errors(blueprint, 401, 403, 404)
@blueprint.response(204)
def unbind(binding_id: object) -> None:
    """End a binding, or dismiss one the other side ended (UNB-1, UNB-4)."""
    bindings.unbind_from_link(ports(), _link(), str(binding_id))

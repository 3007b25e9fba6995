"""A link account's bindings (BIND, UNB-1)."""

from functools import partial
from typing import Any

from marshmallow import fields, post_dump

from identity.domain.bind_code import parse_code
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, SecretText, Text
from identity.http.api.schemas import MaskedEmail, ResponseSchema, Timestamp, Whole
from identity.http.client_info import client_info
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.usecases import bindings
from identity.usecases.bindings import BindingEntry

blueprint = Blueprint("bindings", __name__, description="Bindings of a link account")


class BindInput(Input):
    username = Text(required=True)
    password = SecretText(required=True)


class CodeInput(Input):
    code = Text(parse_code, required=True)


class BoundAccountSchema(ResponseSchema):
    """The general account of a binding. Of an ended binding, only username, company name and tax id are shown."""

    inner = "account"

    username = fields.String()
    tax_id = fields.String()
    name = fields.String(allow_none=True)
    company_name = fields.String()
    email_masked = MaskedEmail(attribute="email", allow_none=True)
    company_phone = fields.String(allow_none=True)

    @post_dump(pass_original=True)
    def hide_ended(self, data: dict[str, Any], entry: BindingEntry, **_: Any) -> dict[str, Any]:
        if not entry.binding.is_live:
            data.update(name=None, email_masked=None, company_phone=None)
        return data


class BindingSchema(ResponseSchema):
    inner = "binding"

    id = fields.String()
    status = fields.String(metadata={"enum": ["unverified", "verified", "removed"]})
    account = Whole(BoundAccountSchema)
    requested_at = Timestamp()
    verified_at = Timestamp(allow_none=True)
    code_expires_at = Timestamp(allow_none=True)
    removed_at = Timestamp(allow_none=True)
    removed_reason = fields.String(allow_none=True)


class BindingsSchema(ResponseSchema):
    items = fields.List(fields.Nested(BindingSchema))


_link_account = partial(require_principal, "link")


@blueprint.get("/bindings")
@blueprint.errors(401, 403)
@blueprint.response(200, BindingsSchema)
def list_all() -> dict[str, Any]:
    """List the bindings, including ended bindings that have not been dismissed."""
    return {"items": bindings.list_bindings(ports(), _link_account())}


@blueprint.post("/bindings")
@blueprint.arguments(BindInput, guard=_link_account)
@blueprint.errors(401, 403, 409, 422, 429, 503)
@blueprint.response(201, BindingSchema)
def request_binding(arguments: dict[str, Any]) -> BindingEntry:
    """Request a binding of a general account, and mail a code to that account (BIND-2)."""
    username, password = arguments["username"], arguments["password"].reveal()
    return bindings.request(
        ports(), _link_account(), username=username, password=password, client=client_info()
    )


@blueprint.post("/bindings/<uuid:binding_id>/verify")
@blueprint.arguments(CodeInput, guard=_link_account)
@blueprint.errors(400, 401, 403, 404, 410, 422)
@blueprint.response(200, BindingSchema)
def verify(arguments: dict[str, Any], binding_id: object) -> BindingEntry:
    """Verify a binding by its code (BIND-6)."""
    return bindings.verify(ports(), _link_account(), str(binding_id), code=arguments["code"])


@blueprint.post("/bindings/<uuid:binding_id>/code")
@blueprint.errors(401, 403, 404, 409, 422, 429)
@blueprint.response(202)
def resend_code(binding_id: object) -> dict[str, Any]:
    """Mail a new code; the previous code becomes invalid (BIND-6)."""
    bindings.resend_code(ports(), _link_account(), str(binding_id))
    return {}


@blueprint.delete("/bindings/<uuid:binding_id>")
@blueprint.errors(401, 403, 404)
@blueprint.response(204)
def unbind(binding_id: object) -> None:
    """End a binding and the sessions and logins that use it, or dismiss an ended binding (UNB-1, UNB-4)."""
    bindings.unbind_from_link(ports(), _link_account(), str(binding_id))

"""The consent texts (LOGIN-3)."""

from typing import Any

from marshmallow import fields

from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, Items, Part, Text
from identity.http.api.schemas import ResponseSchema
from identity.http.api.sessions import SessionSchema, session_response
from identity.http.client_info import client_info
from identity.http.session_auth import current_principal, forget_principal
from identity.http.web_context import ports
from identity.usecases import consents

blueprint = Blueprint("consents", __name__, description="Consents")

_MAX_DOCUMENTS = 10


class AcceptedInput(Input):
    document = Text(required=True)
    version = Text(required=True)


class ConsentsInput(Input):
    """`accepted` must name every current text with its current version."""

    accepted = Items(Part(AcceptedInput), limit=_MAX_DOCUMENTS, required=True)


class ConsentTextSchema(ResponseSchema):
    """`sample` marks a text that is only an example."""

    document = fields.String()
    version = fields.String()
    title = fields.String()
    text = fields.String(attribute="body")
    sample = fields.Boolean()


class ConsentTextsSchema(ResponseSchema):
    items = fields.List(fields.Nested(ConsentTextSchema))


@blueprint.get("/consents")
@blueprint.errors()
@blueprint.response(200, ConsentTextsSchema)
def texts() -> dict[str, Any]:
    """Return the current texts. Requires no login."""
    return {"items": ports().rules.consents.texts}


@blueprint.post("/session/consents")
@blueprint.arguments(ConsentsInput, guard=current_principal)
@blueprint.errors(401, 403, 422)
@blueprint.response(200, SessionSchema)
def accept(arguments: dict[str, Any]) -> dict[str, Any]:
    """Accept the current texts (LOGIN-3)."""
    accepted = [(each["document"], each["version"]) for each in arguments["accepted"]]
    consents.accept(ports(), current_principal(), accepted, client=client_info())
    forget_principal()
    return session_response(current_principal())

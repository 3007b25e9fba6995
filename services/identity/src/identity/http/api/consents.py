"""The three texts (LOGIN-3)."""

from typing import Any

from flask import Response, g, jsonify

from identity.http.api.answers import present_session
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Input, Items, Part, Text
from identity.http.api.response_schemas import ConsentTexts, SessionShown
from identity.http.context import client_info, current_principal, ports
from identity.usecases import login

blueprint = ApiBlueprint("consents", __name__, description="Consents")

_MAX_DOCUMENTS = 10


class AcceptedInput(Input):
    """One text that was read to its end."""

    document = Text(required=True)
    version = Text(required=True)


class ConsentsInput(Input):
    """Every text in force."""

    accepted = Items(Part(AcceptedInput), limit=_MAX_DOCUMENTS, required=True)


@blueprint.get("/consents")
@blueprint.response(200, ConsentTexts)
def texts() -> dict[str, Any]:
    """Return the texts in force; they are no secret."""
    return {
        "items": [
            {
                "document": text.document,
                "version": text.version,
                "title": text.title,
                "text": text.body,
                "sample": text.sample,
            }
            for text in ports().rules.consents.texts
        ]
    }


@blueprint.post("/session/consents")
@body(blueprint, ConsentsInput, guard=current_principal)
@documents_errors(blueprint, 401, 403, 422)
@blueprint.alt_response(200, schema=SessionShown)
def accept(given: dict[str, Any]) -> Response:
    """Accept the texts in force."""
    accepted = [(each["document"], each["version"]) for each in given["accepted"]]
    login.accept_consents(ports(), current_principal(), accepted, client=client_info())
    del g.standing
    return jsonify(present_session(current_principal()))

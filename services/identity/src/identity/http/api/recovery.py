"""A forgotten password (LOGIN-8)."""

from typing import Any

from flask import Response

from identity.domain import person
from identity.domain.errors import FieldError, InvalidInput, InvalidValue
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Input, SecretText, Text
from identity.http.context import client_info, ports
from identity.http.device_cookies import remember_device
from identity.http.problems import field_error_sentence
from identity.usecases import recovery

blueprint = ApiBlueprint("recovery", __name__, description="Forgotten passwords")


class ResetRequest(Input):
    """Account and mailbox."""

    username = Text(required=True)
    email = Text(person.parse_email, required=True)


class ResetInput(Input):
    """The token of the mailed link, and the new password."""

    token = SecretText(required=True)
    password = SecretText(required=True)


@blueprint.post("/password-resets")
@body(blueprint, ResetRequest)
@documents_errors(blueprint, 422)
@blueprint.response(202)
def request_reset(given: dict[str, Any]) -> dict[str, Any]:
    """Mail a link if account and mailbox match; the answer never tells."""
    recovery.request_reset(ports(), username=given["username"], email=given["email"], client=client_info())
    return {}


@blueprint.post("/password-resets/confirm")
@body(blueprint, ResetInput)
@documents_errors(blueprint, 400, 410, 422, 503)
@blueprint.alt_response(204)
def reset(given: dict[str, Any]) -> Response:
    """Set a new password; this browser is then known to the account (SEC-3)."""
    try:
        device = recovery.reset(ports(), given["token"].reveal(), password=given["password"].reveal())
    except InvalidValue as fault:
        raise InvalidInput([FieldError("/password", fault.code, field_error_sentence(fault))]) from None
    return remember_device(Response(status=204), device)

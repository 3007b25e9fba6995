"""Forgotten passwords (LOGIN-8)."""

from typing import Any

from flask import after_this_request

from identity.domain.errors import InvalidValue
from identity.domain.mailbox import parse_mailbox
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, SecretText, Text
from identity.http.client_address import client_info
from identity.http.device_cookies import remember_device
from identity.http.field_errors import InvalidInput
from identity.http.problems import field_error
from identity.http.web_context import ports
from identity.usecases import recovery

blueprint = Blueprint("recovery", __name__, description="Forgotten passwords")


class ResetRequest(Input):
    """Account and mailbox."""

    username = Text(required=True)
    email = Text(parse_mailbox, required=True)


class ResetInput(Input):
    """The token of the mailed link, and the new password."""

    token = SecretText(required=True)
    password = SecretText(required=True)


@blueprint.post("/password-resets")
@blueprint.arguments(ResetRequest)
@blueprint.errors(422)
@blueprint.response(202)
def request_reset(arguments: dict[str, Any]) -> dict[str, Any]:
    """Mail a link if account and mailbox match; the answer is the same if they do not."""
    recovery.request_reset(ports(), **arguments, client=client_info())
    return {}


@blueprint.post("/password-resets/confirm")
@blueprint.arguments(ResetInput)
@blueprint.errors(400, 410, 422, 503)
@blueprint.response(204)
def reset(arguments: dict[str, Any]) -> None:
    """Set a new password; this browser is then known to the account (SEC-3)."""
    token, password = arguments["token"].reveal(), arguments["password"].reveal()
    try:
        device = recovery.reset(ports(), token, password=password)
    except InvalidValue as error:
        raise InvalidInput([field_error("/password", error)]) from None
    after_this_request(lambda response: remember_device(response, device))

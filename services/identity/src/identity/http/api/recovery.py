"""Forgotten passwords and usernames (LOGIN-8, LOGIN-9)."""

from typing import Any

from flask import after_this_request

from identity.domain.errors import InvalidValue
from identity.domain.mailbox import parse_mailbox
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, SecretText, Text
from identity.http.client_info import client_info
from identity.http.device_cookies import remember_device
from identity.http.field_errors import InvalidInput, field_error, parse_tax_id
from identity.http.web_context import ports
from identity.usecases import forgotten_usernames, password_reset

blueprint = Blueprint("recovery", __name__, description="Forgotten passwords and usernames")


class ResetRequest(Input):
    username = Text(required=True)
    email = Text(parse_mailbox, required=True)


class UsernamesRequest(Input):
    email = Text(parse_mailbox, required=True)
    tax_id = Text(parse_tax_id)


class ResetInput(Input):
    token = SecretText(required=True)
    password = SecretText(required=True)


@blueprint.post("/username-reminders")
@blueprint.arguments(UsernamesRequest)
@blueprint.errors(422)
@blueprint.response(202)
def request_usernames(arguments: dict[str, Any]) -> dict[str, Any]:
    """Mail the usernames of a mailbox's accounts to the mailbox; the response is always the same (LOGIN-9)."""
    email, tax_id = arguments["email"], arguments.get("tax_id")
    forgotten_usernames.request(ports(), email=email, tax_id=tax_id, client=client_info())
    return {}


@blueprint.post("/password-resets")
@blueprint.arguments(ResetRequest)
@blueprint.errors(422)
@blueprint.response(202)
def request_reset(arguments: dict[str, Any]) -> dict[str, Any]:
    """Mail a link if username and mailbox match and no limit is reached; the response is always the same (LOGIN-8)."""
    password_reset.request_reset(ports(), **arguments, client=client_info())
    return {}


@blueprint.post("/password-resets/confirm")
@blueprint.arguments(ResetInput)
@blueprint.errors(400, 410, 422, 503)
@blueprint.response(204)
def reset(arguments: dict[str, Any]) -> None:
    """Set a new password and a device cookie; end all sessions and logins at services.

    A pending change of mailbox and the binding of a general account end too (UNB-5).
    """
    token, password = arguments["token"].reveal(), arguments["password"].reveal()
    try:
        device = password_reset.reset(ports(), token, password=password)
    except InvalidValue as error:
        raise InvalidInput([field_error("/password", error)]) from None
    after_this_request(lambda response: remember_device(response, device))

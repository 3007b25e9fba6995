"""Verification of mailboxes, and cancellation of a change of mailbox (VER, PRO-3)."""

from typing import Any

from marshmallow import fields

from identity.domain.mailbox import parse_mailbox
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, SecretText, Text
from identity.http.api.schemas import ResponseSchema
from identity.http.session_auth import current_principal, optional_principal
from identity.http.web_context import ports
from identity.usecases import email_cancellation, verification

blueprint = Blueprint("verifications", __name__, description="Email verification")


class TokenInput(Input):
    """The token of a mailed link."""

    token = SecretText(required=True)


class CorrectedMailboxInput(Input):
    email = Text(parse_mailbox, required=True)
    password = SecretText(required=True)


class ConfirmedMailboxSchema(ResponseSchema):
    """`already` is true if the link was used before."""

    inner = "account"

    username = fields.String()
    kind = fields.String()
    status = fields.String()
    purpose = fields.String(metadata={"enum": ["registration", "email_change"]})
    already = fields.Boolean()


class CancelledChangeSchema(ResponseSchema):
    """`restored` is true if the old mailbox was restored, `already` if nothing remained to be cancelled."""

    inner = "account"

    username = fields.String()
    kind = fields.String()
    status = fields.String()
    restored = fields.Boolean(attribute="restores")
    already = fields.Boolean()


@blueprint.post("/email-verifications/confirm")
@blueprint.arguments(TokenInput)
@blueprint.errors(400, 409, 410, 422)
@blueprint.response(200, ConfirmedMailboxSchema)
def confirm(arguments: dict[str, Any]) -> object:
    """Verify a mailbox by a mailed link, without logging in. A change of mailbox ends all other sessions (PRO-3)."""
    return verification.confirm(ports(), arguments["token"].reveal(), principal=optional_principal())


@blueprint.post("/email-changes/cancel")
@blueprint.arguments(TokenInput)
@blueprint.errors(400, 409, 410, 422)
@blueprint.response(200, CancelledChangeSchema)
def cancel_change(arguments: dict[str, Any]) -> object:
    """Cancel a change of mailbox by the link in the old mailbox, even if it took effect; end all sessions (PRO-3)."""
    return email_cancellation.cancel(ports(), arguments["token"].reveal())


@blueprint.post("/email-verifications")
@blueprint.errors(401, 409, 429)
@blueprint.response(202)
def resend() -> dict[str, Any]:
    """Mail a new verification link to the caller's unverified account (VER-5)."""
    verification.resend(ports(), current_principal())
    return {}


@blueprint.put("/email-verifications/mailbox")
@blueprint.arguments(CorrectedMailboxInput, guard=current_principal)
@blueprint.errors(401, 403, 409, 422, 429, 503)
@blueprint.response(202)
def correct_mailbox(arguments: dict[str, Any]) -> dict[str, Any]:
    """Correct the mailbox of an unverified account, and mail a new link; the old link becomes invalid (VER-8)."""
    email, password = arguments["email"], arguments["password"].reveal()
    verification.correct_mailbox(ports(), current_principal(), email=email, password=password)
    return {}

"""Proving a mailbox (VER)."""

from typing import Any

from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Input, SecretText
from identity.http.api.response_schemas import ConfirmedShown
from identity.http.context import current_principal, ports
from identity.usecases import verification

blueprint = ApiBlueprint("verifications", __name__, description="Email verification")


class TokenInput(Input):
    """The token of a mailed link."""

    token = SecretText(required=True)


@blueprint.post("/email-verifications/confirm")
@body(blueprint, TokenInput)
@documents_errors(blueprint, 400, 409, 410, 422)
@blueprint.response(200, ConfirmedShown)
def confirm(given: dict[str, Any]) -> dict[str, Any]:
    """Take the mailbox behind a link as proven; it logs nobody in (SEC-4)."""
    done = verification.confirm(ports(), given["token"].reveal())
    return {
        "username": done.account.username,
        "kind": done.account.kind,
        "status": done.account.status,
        "purpose": done.purpose.value,
        "already": done.already,
    }


@blueprint.post("/email-verifications")
@documents_errors(blueprint, 401, 409, 429)
@blueprint.response(202)
def resend() -> dict[str, Any]:
    """Mail the link again, for the session of an unverified account (VER-5)."""
    verification.resend(ports(), current_principal())
    return {}

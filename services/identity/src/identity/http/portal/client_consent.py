"""The page for a person's consent to the data that a port service receives (OIDC-11)."""

from flask import Blueprint, Response, request

from identity.http.portal.layout.pages import render_page
from identity.http.portal.pending_authorization_request import advance, with_request
from identity.http.zh_tw import portal as texts
from identity.usecases.authorization_decision import Interaction
from identity.usecases.authorization_request_validation import ValidatedRequest

blueprint = Blueprint("client_consent", __name__)


def page(request_id: str, validated: ValidatedRequest, interaction: Interaction) -> Response:
    assert interaction.chosen is not None  # noqa: S101  # consent is requested after the choice
    return render_page(
        "client_consent.html",
        request_id=request_id,
        service=validated.client.display_name,
        account=interaction.chosen.account,
        data=[texts.SCOPE_DATA[scope] for scope in validated.request.scopes],
    )


@blueprint.post("/authorize/<request_id>/consent")
@with_request
def agree(request_id: str, validated: ValidatedRequest) -> Response:
    return advance(request_id, validated, account_id=request.form.get("account", ""), consented=True)

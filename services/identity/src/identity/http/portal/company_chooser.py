"""The page on which a link account chooses the company for a login at a port service (OIDC-6, OIDC-7)."""

from flask import Blueprint, Response, request

from identity.http.portal.company_list import CompanyRow, company_list
from identity.http.portal.layout.pages import render_page
from identity.http.portal.pending_authorization_request import advance, with_request
from identity.http.web_context import ports
from identity.usecases.authorization_decision import Interaction
from identity.usecases.authorization_request_validation import ValidatedRequest

blueprint = Blueprint("company_chooser", __name__)


def page(request_id: str, validated: ValidatedRequest, interaction: Interaction) -> Response:
    """Return the list of companies, the company last chosen at this service first."""
    general = [each for each in interaction.candidates if each.account.kind == "general"]
    own = next((each.account for each in interaction.candidates if each.account.kind == "link"), None)
    last = next((each.account for each in general if each.was_last), None)
    return render_page(
        "company_chooser.html",
        request_id=request_id,
        service=validated.client.display_name,
        companies=company_list([CompanyRow(id=each.account.id, account=each.account) for each in general]),
        last=last,
        last_in_use=last is not None and last.id in interaction.in_use,
        own=own,
    )


def empty_page(request_id: str, validated: ValidatedRequest, _interaction: Interaction) -> Response:
    """Return the page for a person who cannot act for any company at this service."""
    return render_page(
        "company_missing.html",
        request_id=request_id,
        service=validated.client.display_name,
        accepts=validated.client.accepts,
        looked_up_at=ports().clock.now() if "again" in request.args else None,
    )


@blueprint.post("/authorize/<request_id>/company")
@with_request
def choose(request_id: str, validated: ValidatedRequest) -> Response:
    """Record the chosen account. The portal's session is not switched."""
    return advance(request_id, validated, account_id=request.form.get("account", ""), consented=False)

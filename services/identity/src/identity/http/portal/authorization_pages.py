"""Pages of a port service's authorization request: required interactions, and the response (OIDC-4)."""

from flask import Blueprint, Response, request, url_for

from identity.domain.authorization_error import AuthorizationError, RequestGone, UnprovenRequest
from identity.domain.errors import Unavailable
from identity.domain.oidc_client import OidcClient
from identity.http.client_info import client_info
from identity.http.portal import client_consent, company_chooser
from identity.http.portal.layout.authorization_response import code_response
from identity.http.portal.layout.csrf import redisplay_with
from identity.http.portal.layout.current_authorization_request import home_of
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to, redirect_to_url, step_url
from identity.http.portal.login import LoginForm, login_page, submit_login
from identity.http.portal.pending_authorization_request import with_request
from identity.http.session_auth import current_principal, forget_principal, optional_principal
from identity.http.web_context import ports
from identity.usecases import authorization_decision, pending_authorization_requests
from identity.usecases.authorization_decision import Interaction
from identity.usecases.authorization_request_validation import ValidatedRequest
from identity.usecases.steps.grant_creation import GrantOvertaken

blueprint = Blueprint("authorization_pages", __name__)

_PAGES = {
    "company": company_chooser.page,
    "no_company": company_chooser.empty_page,
    "consent": client_consent.page,
}
_TRIES = 2


@blueprint.get("/authorize/<request_id>")
@with_request
def show(request_id: str, validated: ValidatedRequest) -> Response:
    """Show the page of the next interaction or redirect to it. Without one, redirect to the service with the code."""
    outcome = proceed(validated)
    if isinstance(outcome, Response):
        return outcome
    if validated.pending is not None and validated.pending.progress is None:
        return begin(validated, request_id)
    if outcome.step == "login":
        return redirect_to("portal.authorization_pages.log_in", request_id=request_id)
    if outcome.step == "open_step":
        return redirect_to_url(step_url(current_principal(), url_for(".show", request_id=request_id)))
    return _PAGES[outcome.step](request_id, validated, outcome)


def proceed(validated: ValidatedRequest) -> Response | Interaction:
    """Return the response with a code, or the interaction that is required first.

    Raises AuthorizationError, RequestGone, TooManyRequests, Unavailable.
    """
    for _ in range(_TRIES):
        try:
            outcome = authorization_decision.proceed(ports(), validated, optional_principal())
        except GrantOvertaken:
            forget_principal()
            continue
        if isinstance(outcome, str):
            return code_response(validated.client, validated.address, outcome)
        return outcome
    raise Unavailable(1)


def begin(validated: ValidatedRequest, request_id: str | None) -> Response:
    """Store the request, or extend the lifetime of the pushed request `request_id`. Redirect to its page."""
    principal = optional_principal()
    if request_id is None:
        request_id = pending_authorization_requests.store(
            ports(), validated, principal, client_info=client_info()
        )
    else:
        pending_authorization_requests.advance(ports(), validated, principal)
    return redirect_to("portal.authorization_pages.show", request_id=request_id)


@blueprint.get("/authorize/<request_id>/login")
@with_request
def log_in(request_id: str, validated: ValidatedRequest) -> Response:
    """Show the login page. In an open session, show it only if a new login is required or the URL has `other`."""
    needs_login = authorization_decision.needs_login(ports(), validated, optional_principal())
    if not needs_login and "other" not in request.args:
        return redirect_to("portal.authorization_pages.show", request_id=request_id)
    return login_page(LoginForm(username=validated.request.login_hint), action=_login_url(request_id))


def _login_url(request_id: str) -> str:
    return url_for("portal.authorization_pages.submit", request_id=request_id)


def _redisplay(request_id: str) -> Response:
    return login_page(LoginForm.from_request(), action=_login_url(request_id))


@blueprint.post("/authorize/<request_id>/login")
@redisplay_with(_redisplay)
@with_request
def submit(request_id: str, _validated: ValidatedRequest) -> Response:
    return submit_login(
        action=_login_url(request_id),
        url_of=lambda _: url_for("portal.authorization_pages.show", request_id=request_id),
    )


@blueprint.get("/authorize/<request_id>/<any(company, consent, cancel):_action>")
def reopen(request_id: str, _action: str) -> Response:
    """Redirect to the request's page if a form's URL is opened directly."""
    return redirect_to("portal.authorization_pages.show", request_id=request_id)


@blueprint.post("/authorize/<request_id>/cancel")
@with_request
def cancel(_request_id: str, _validated: ValidatedRequest) -> Response:
    """Return to the service with the error `access_denied`."""
    raise AuthorizationError("access_denied")


@blueprint.app_errorhandler(RequestGone)
def _gone(refusal: RequestGone) -> Response:
    return refused_page("request_gone", 410, refusal.client)


@blueprint.app_errorhandler(UnprovenRequest)
def _unproven(refusal: UnprovenRequest) -> Response:
    ports().oauth_meter.refused("authorize", "invalid_request")
    return refused_page("request_unproven", 400, refusal.client, description=refusal.description)


def refused_page(reason: str, status: int, client: OidcClient | None, *, description: str = "") -> Response:
    """Return the error page of a request that must not redirect to its client, which may be unknown (OIDC-2)."""
    return render_page(
        "service_refused.html",
        status=status,
        reason=reason,
        service=client.display_name if client is not None else None,
        home=home_of(client),
        description=description,
    )

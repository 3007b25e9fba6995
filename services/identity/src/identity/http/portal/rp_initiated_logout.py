"""Logout requested by a service. The person confirms it if a session is open whose ID token was not sent (OIDC-23)."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from identity.domain.authorization_error import UnprovenLogout, UnprovenRequest
from identity.domain.authorization_parameters import Parameters, parse_parameters
from identity.domain.session import Principal
from identity.http.portal.authorization_pages import refused_page
from identity.http.portal.layout.authorization_response import redirect_to_service
from identity.http.portal.layout.current_authorization_request import (
    form_policy,
    home_of,
    redirectable_origin,
)
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.session_cookies import clear_session_cookie
from identity.http.session_auth import forget_principal, optional_principal
from identity.http.web_context import ports
from identity.usecases import rp_initiated_logout
from identity.usecases.rp_initiated_logout import LogoutRequest

blueprint = Blueprint("rp_initiated_logout", __name__)

_FIELDS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


def parse(raw: bytes) -> Parameters:
    """Parse a query string or a form body. Raises UnprovenLogout."""
    try:
        return parse_parameters(raw)
    except UnprovenRequest as refusal:
        raise UnprovenLogout(refusal.description) from None


def respond(parameters: Parameters) -> Response:
    logout, principal = rp_initiated_logout.verify(ports(), parameters), optional_principal()
    if logout.needs_confirmation(principal):
        return _question(logout, parameters)
    return _log_out(logout, principal)


def _question(logout: LogoutRequest, parameters: Parameters) -> Response:
    page = render_page(
        "rp_initiated_logout.html",
        service=logout.client.display_name if logout.client is not None else None,
        fields={name: value for name in _FIELDS if (value := parameters.get(name)) is not None},
    )
    origin = redirectable_origin(logout.return_uri) if logout.return_uri is not None else None
    if origin is not None:
        page.headers["Content-Security-Policy"] = form_policy(origin)
    return page


@blueprint.post("/logout/service")
def confirm() -> Response:
    form = urlencode(list(request.form.items(multi=True))).encode()
    parameters = parse(form)  # as strictly as a query string
    return _log_out(rp_initiated_logout.verify(ports(), parameters), optional_principal())


def _log_out(logout: LogoutRequest, principal: Principal | None) -> Response:
    rp_initiated_logout.log_out(ports(), logout, principal)
    forget_principal()
    return clear_session_cookie(_respond(logout))


def _respond(logout: LogoutRequest) -> Response:
    client, uri = logout.client, logout.return_uri
    if client is None or uri is None:
        return render_page(
            "service_logged_out.html",
            service=client.display_name if client is not None else None,
            home=home_of(client),
        )
    return redirect_to_service(client, uri, {} if logout.state is None else {"state": logout.state})


@blueprint.app_errorhandler(UnprovenLogout)
def _unproven(refusal: UnprovenLogout) -> Response:
    return refused_page("logout_unproven", 400, refusal.client, description=refusal.description)

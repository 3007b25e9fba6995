"""Authorization responses: redirects of the browser to the client's redirect URI (OIDC-3, OIDC-28)."""

from urllib.parse import urlencode

from flask import Response, redirect

from identity.domain.authorization_error import AuthorizationError
from identity.domain.oidc_client import OidcClient
from identity.domain.redirect_uri import ReturnAddress
from identity.http.portal.layout.current_authorization_request import redirectable_origin
from identity.http.portal.layout.pages import render_page
from identity.http.web_context import ports

_SEE_OTHER = 303


def code_response(client: OidcClient, address: ReturnAddress, code: str) -> Response:
    return _respond(client, address, {"code": code})


def error_response(client: OidcClient, address: ReturnAddress, error: AuthorizationError) -> Response:
    """Count the error in the metrics, and return its response."""
    ports().oauth_meter.refused("authorize", error.code)
    described = {"error_description": error.description} if error.description else {}
    return _respond(client, address, {"error": error.code, **described})


def _respond(client: OidcClient, address: ReturnAddress, values: dict[str, str]) -> Response:
    state = {"state": address.state} if address.state is not None else {}
    query = urlencode({**values, **state, "iss": ports().rules.public_url})
    url = f"{address.redirect_uri}{'&' if '?' in address.redirect_uri else '?'}{query}"
    return redirect_to_service(client, url)


def redirect_to_service(client: OidcClient, url: str) -> Response:
    """Redirect to a service, or show a page with a link if the Content-Security-Policy cannot allow it (OIDC-28)."""
    if redirectable_origin(url) is None:
        return render_page("client_return.html", service=client.display_name, url=url)
    return redirect(url, _SEE_OTHER, Response)  # type: ignore[return-value]  # the class passed as argument

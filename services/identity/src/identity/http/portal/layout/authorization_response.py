"""Authorization responses: redirects of the browser to the client's redirect URI (OIDC-3, OIDC-28)."""

from urllib.parse import urlencode

from flask import Response

from identity.domain.authorization_error import AuthorizationError
from identity.domain.oidc_client import OidcClient
from identity.domain.redirect_uri import ReturnAddress
from identity.http.portal.layout.current_authorization_request import redirectable_origin
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to_url
from identity.http.web_context import ports


def code_response(client: OidcClient, address: ReturnAddress, code: str) -> Response:
    return _respond(client, address, {"code": code})


def error_response(client: OidcClient, address: ReturnAddress, error: AuthorizationError) -> Response:
    """Count the error in the metrics, and return its response."""
    ports().oauth_meter.refused("authorize", error.code)
    described = {"error_description": error.description} if error.description else {}
    return _respond(client, address, {"error": error.code, **described})


def _respond(client: OidcClient, address: ReturnAddress, values: dict[str, str]) -> Response:
    state = {"state": address.state} if address.state is not None else {}
    values = {**values, **state, "iss": ports().rules.public_url}
    return redirect_to_service(client, address.redirect_uri, values)


def redirect_to_service(client: OidcClient, uri: str, parameters: dict[str, str]) -> Response:
    """Redirect to a service, or show a page with a link if the Content-Security-Policy cannot allow it (OIDC-28)."""
    url = f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}" if parameters else uri
    if redirectable_origin(url) is None:
        return render_page("client_return.html", service=client.display_name, url=url)
    return redirect_to_url(url)

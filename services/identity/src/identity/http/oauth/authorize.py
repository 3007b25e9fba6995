"""The authorization endpoint, to which services send browsers (RFC 6749 section 3.1, OIDC-1 to OIDC-6)."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from identity.domain.authorization_error import AuthorizationError, UnprovenRequest
from identity.domain.authorization_parameters import MAX_BYTES, Parameters, parse_parameters
from identity.domain.pending_authorization_request import REQUEST_URI, PendingRequest
from identity.http.portal.authorization_pages import begin, proceed
from identity.http.portal.layout.authorization_response import error_response
from identity.http.portal.layout.redirects import redirect_to_url
from identity.http.web_context import ports
from identity.usecases import (
    authorization_request_validation,
    pending_authorization_requests,
    pushed_requests,
)

blueprint = Blueprint("oauth_authorize", __name__, url_prefix="/oauth")


@blueprint.get("/authorize")
def authorize() -> Response:
    """Redirect to the client with a code or an error, or store the request and redirect to the portal."""
    parameters = parse_parameters(request.query_string)
    request_uri = parameters.get("request_uri") or ""
    pending, request_id = None, None
    if request_uri.startswith(REQUEST_URI):
        request_id = request_uri.removeprefix(REQUEST_URI)
        pending = _find_pushed(parameters, request_id)
        parameters = pending.parameters
    client, address = authorization_request_validation.prove(ports(), parameters)
    try:
        validated = authorization_request_validation.validate(
            ports(), parameters, client, address, pending=pending
        )
        outcome = proceed(validated)
    except AuthorizationError as error:
        if pending is not None:
            pending_authorization_requests.close(ports(), pending)
        return error_response(client, address, error)
    return outcome if isinstance(outcome, Response) else begin(validated, request_id)


@blueprint.post("/authorize")
def continue_by_get() -> Response:
    """Redirect to the same request with GET, so that the browser sends its SameSite=Lax cookie."""
    if request.query_string:
        raise UnprovenRequest("a POST request must have no query string")
    query = urlencode(parse_parameters(request.get_data()).pairs)
    if len(query) > MAX_BYTES:
        raise UnprovenRequest("the request is longer than 8 KiB")
    return redirect_to_url(f"{url_for('oauth_authorize.authorize')}?{query}")


def _find_pushed(parameters: Parameters, request_id: str) -> PendingRequest:
    """Return a pushed request; other query parameters are ignored (RFC 9126 section 4)."""
    if parameters.repeated & {"client_id", "request_uri"}:
        raise UnprovenRequest("client_id or request_uri is given twice")
    return pushed_requests.find_pushed(ports(), request_id, parameters.get("client_id"))

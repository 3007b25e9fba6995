"""Pushed authorization requests (RFC 9126, OIDC-12)."""

from flask import Response, jsonify, request

from identity.domain.authorization_error import AuthorizationError, UnprovenRequest
from identity.domain.authorization_parameters import parse_parameters
from identity.domain.pending_authorization_request import PUSHED_LIFETIME, REQUEST_URI
from identity.http.client_info import client_info
from identity.http.oauth.client_auth import client_ports, require_client
from identity.http.oauth.dpop import dpop_key
from identity.http.oauth.error_responses import error_response, oauth_blueprint
from identity.http.oauth.form import read_form
from identity.usecases import pushed_requests

blueprint = oauth_blueprint("par")


@blueprint.post("/par")
def push() -> tuple[Response, int]:
    """Store a pushed request for one minute and return its request_uri."""
    client = require_client(read_form(repeatable=frozenset({"resource"})))
    request_id = pushed_requests.push(
        client_ports(client),
        client.oidc,
        parse_parameters(request.get_data()),
        jkt=dpop_key(),
        client_info=client_info(),
    )
    lifetime = int(PUSHED_LIFETIME.total_seconds())
    return jsonify(request_uri=f"{REQUEST_URI}{request_id}", expires_in=lifetime), 201


@blueprint.errorhandler(AuthorizationError)
@blueprint.errorhandler(UnprovenRequest)
def _refused(error: AuthorizationError | UnprovenRequest) -> Response:
    code = error.code if isinstance(error, AuthorizationError) else "invalid_request"
    return error_response(code, 400, error.description)

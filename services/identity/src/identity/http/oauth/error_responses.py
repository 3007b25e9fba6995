"""Error responses of the OAuth endpoints: code and status by refusal (RFC 6749 section 5.2, RFC 6750 section 3)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request

from identity.domain import errors, oauth_errors
from identity.domain.errors import Refusal, RetryLater
from identity.domain.oauth_errors import OAuthRefusal
from identity.http.web_context import ports
from identity.usecases.ports.jose import CLIENT_ALGORITHMS

_PREFIX = "oauth_"
_SERVER_ERROR = 500
_UNAUTHORIZED = 401
_REALM = 'realm="identity"'
DPOP_ALGORITHMS = " ".join(CLIENT_ALGORITHMS)


@dataclass(frozen=True, slots=True)
class OAuthError:
    """`of_resource` marks errors of access tokens, whose challenge is for Bearer and DPoP, not for Basic."""

    error: str
    status: int = 400
    of_resource: bool = False


ERRORS: Mapping[type[Refusal | OAuthRefusal], OAuthError] = {
    oauth_errors.InvalidRequest: OAuthError("invalid_request"),
    oauth_errors.InvalidGrant: OAuthError("invalid_grant"),
    oauth_errors.UnauthorizedClient: OAuthError("unauthorized_client"),
    oauth_errors.UnsupportedGrantType: OAuthError("unsupported_grant_type"),
    oauth_errors.InvalidScope: OAuthError("invalid_scope"),
    oauth_errors.InvalidTarget: OAuthError("invalid_target"),
    oauth_errors.InvalidToken: OAuthError("invalid_token", _UNAUTHORIZED, of_resource=True),
    oauth_errors.InvalidResourceProof: OAuthError("invalid_dpop_proof", _UNAUTHORIZED, of_resource=True),
    oauth_errors.InsufficientScope: OAuthError("insufficient_scope", 403, of_resource=True),
    errors.BadClient: OAuthError("invalid_client", _UNAUTHORIZED),
    errors.InvalidProof: OAuthError("invalid_dpop_proof"),
    errors.Locked: OAuthError("temporarily_unavailable", 429),
    errors.TooManyRequests: OAuthError("temporarily_unavailable", 429),
    errors.Unavailable: OAuthError("temporarily_unavailable", 503),
}


def oauth_blueprint(name: str) -> Blueprint:
    """Return a blueprint whose views raise OAuthRefusal. `http/errors.py` handles their other errors."""
    blueprint = Blueprint(f"{_PREFIX}{name}", __name__, url_prefix="/oauth")
    blueprint.register_error_handler(OAuthRefusal, refusal_response)
    return blueprint


def refusal_response(refusal: Refusal | OAuthRefusal) -> Response:
    known = ERRORS[type(refusal)]
    description = refusal.description if isinstance(refusal, OAuthRefusal) else ""
    response = error_response(known.error, known.status, description)
    if known.of_resource:
        response.headers["WWW-Authenticate"] = _challenge(known.error)
    elif known.status == _UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = f"Basic {_REALM}"
    if isinstance(refusal, RetryLater):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _challenge(error: str) -> str:
    """Return the challenge of the request's scheme (RFC 6750, RFC 9449).

    A request with another scheme or none gets both challenges, without the error.
    """
    scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
    if scheme == "dpop":
        return f'DPoP error="{error}", algs="{DPOP_ALGORITHMS}"'
    if scheme == "bearer":
        return f'Bearer error="{error}"'
    return f'Bearer {_REALM}, DPoP algs="{DPOP_ALGORITHMS}"'


def error_response(error: str, status: int, description: str = "") -> Response:
    """Count the error in the metrics, and return its response."""
    endpoint = (request.blueprint or "").removeprefix(_PREFIX)
    ports().oauth_meter.refused(endpoint, error)
    body = {"error": error} | ({"error_description": description} if description else {})
    headers = {"Pragma": "no-cache"}
    return Response(json.dumps(body) + "\n", status, headers, content_type="application/json")


def status_response(status: int) -> Response:
    return error_response("server_error" if status >= _SERVER_ERROR else "invalid_request", status)

"""What pages of a pending authorization request share: loading the request, and recording choices (OIDC-4)."""

from collections.abc import Callable
from functools import wraps

from flask import Response

from identity.domain.authorization_error import AuthorizationError
from identity.http.portal.layout.authorization_response import error_response
from identity.http.portal.layout.redirects import redirect_to
from identity.http.session_auth import optional_principal
from identity.http.web_context import ports
from identity.usecases import authorization_request_validation, pending_authorization_requests
from identity.usecases.authorization_request_validation import ValidatedRequest

View = Callable[[str, ValidatedRequest], Response]


def with_request(view: View) -> Callable[..., Response]:
    """Pass the validated request to a view. On an AuthorizationError, close the request and redirect to the service.

    Raises RequestGone, UnprovenRequest.
    """

    @wraps(view)
    def wrapper(request_id: str) -> Response:
        pending, client = pending_authorization_requests.find(ports(), request_id)
        client, address = authorization_request_validation.prove(ports(), pending.parameters)
        try:
            validated = authorization_request_validation.validate(
                ports(), pending.parameters, client, address, pending=pending
            )
            return view(request_id, validated)
        except AuthorizationError as error:
            pending_authorization_requests.close(ports(), pending)
            return error_response(client, address, error)

    return wrapper


def advance(request_id: str, validated: ValidatedRequest, *, account_id: str, consented: bool) -> Response:
    """Record the choices of a logged-in person, and redirect to the request's page."""
    principal = optional_principal()
    if principal is not None:
        pending_authorization_requests.advance(
            ports(),
            validated,
            principal,
            session_id=principal.session_id,
            account_id=account_id,
            consented=consented,
        )
    return redirect_to("portal.authorization_pages.show", request_id=request_id)

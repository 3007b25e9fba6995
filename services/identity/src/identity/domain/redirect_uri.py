"""Validation of the redirect URI of an authorization request (OIDC-2)."""

from dataclasses import dataclass

from identity.domain.authorization_error import UnprovenRequest
from identity.domain.authorization_parameters import Parameters
from identity.domain.oidc_client import OidcClient


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where the response goes. `state` is None if the request has none or several."""

    redirect_uri: str
    state: str | None


def prove_return_address(parameters: Parameters, client: OidcClient | None) -> ReturnAddress:
    """Verify the redirect URI. Raises UnprovenRequest, after which the browser must not be redirected (OIDC-2)."""
    uri = parameters.get("redirect_uri")
    if client is None:
        raise UnprovenRequest("client_id is unknown")
    if parameters.repeated & {"client_id", "redirect_uri"}:
        raise UnprovenRequest("client_id or redirect_uri is repeated", client)
    if uri is None:
        raise UnprovenRequest("redirect_uri is missing", client)
    if not client.accepts_redirect_uri(uri):
        raise UnprovenRequest("redirect_uri is not registered", client)
    return ReturnAddress(uri, None if "state" in parameters.repeated else parameters.get("state"))

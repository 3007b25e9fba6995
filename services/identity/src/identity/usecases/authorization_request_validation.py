"""Validation of authorization requests: the client, the redirect URI and the parameters (OIDC-2, OIDC-3)."""

from dataclasses import dataclass

from identity.domain.authorization import AuthorizationRequest, parse_request
from identity.domain.authorization_error import AuthorizationError
from identity.domain.authorization_parameters import Parameters
from identity.domain.errors import InvalidIdToken
from identity.domain.oidc_client import OidcClient
from identity.domain.pending_authorization_request import PendingRequest
from identity.domain.redirect_uri import ReturnAddress, prove_return_address
from identity.usecases.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedRequest:
    client: OidcClient
    address: ReturnAddress
    parameters: Parameters
    request: AuthorizationRequest
    subjects: frozenset[str] | None
    """The ids of the accounts that `claims` and `id_token_hint` allow; None if neither is a restriction."""
    pending: PendingRequest | None = None
    """The stored request that the parameters come from; None if they come from the URL."""


def prove(ports: Ports, parameters: Parameters) -> tuple[OidcClient, ReturnAddress]:
    """Return the client and the address for the response. Raises UnprovenRequest (OIDC-2)."""
    client = ports.token_queries.oidc_client(parameters.get("client_id") or "")
    address = prove_return_address(parameters, client)
    assert client is not None  # noqa: S101  # `prove_return_address` refuses None
    return client, address


def validate(
    ports: Ports,
    parameters: Parameters,
    client: OidcClient,
    address: ReturnAddress,
    *,
    pending: PendingRequest | None = None,
) -> ValidatedRequest:
    """Validate the parameters, after `prove` has verified client and address. Raises AuthorizationError."""
    request = parse_request(
        parameters,
        client,
        resources=_known_resources(ports, parameters, client),
        pushed=pending is not None and pending.pushed,
    )
    return ValidatedRequest(
        client=client,
        address=address,
        parameters=parameters,
        request=request,
        subjects=_subjects(ports, client, request),
        pending=pending,
    )


def _subjects(ports: Ports, client: OidcClient, request: AuthorizationRequest) -> frozenset[str] | None:
    """Return the accounts that both `claims` and `id_token_hint` allow, or None if neither is a restriction."""
    named = request.claims.subjects
    if request.id_token_hint is None:
        return named
    try:
        hint = ports.signer.read_id_token(request.id_token_hint, issuer=ports.rules.public_url)
    except InvalidIdToken:
        raise AuthorizationError(
            "invalid_request", "id_token_hint is not an ID token of this server"
        ) from None
    if hint.get("aud") != client.name:
        raise AuthorizationError("invalid_request", "id_token_hint belongs to another client")
    hinted = frozenset({str(hint.get("sub"))})
    return hinted if named is None else named & hinted


def _known_resources(ports: Ports, parameters: Parameters, client: OidcClient) -> list[str]:
    """Return the URIs that `resource` may contain: the client's own, and those of clients that it may reach."""
    if not parameters.every("resource"):
        return []
    reached = (ports.token_queries.oidc_client(name) for name in client.may_reach)
    return [*client.resources, *(uri for each in reached if each is not None for uri in each.resources)]

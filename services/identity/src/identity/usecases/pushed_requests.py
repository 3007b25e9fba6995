"""Pushed authorization requests (RFC 9126, OIDC-12)."""

from dataclasses import replace

from identity.domain.authorization_error import AuthorizationError, RequestGone, UnprovenRequest
from identity.domain.authorization_parameters import Parameters
from identity.domain.oidc_client import OidcClient
from identity.domain.pending_authorization_request import PUSHED_LIFETIME, PendingRequest
from identity.domain.redirect_uri import prove_return_address
from identity.domain.service_client import digest_of
from identity.domain.session import ClientInfo
from identity.usecases.authorization_request_validation import validate
from identity.usecases.pending_authorization_requests import count_request, find
from identity.usecases.ports import Ports


def push(
    ports: Ports, client: OidcClient, sent: Parameters, *, jkt: str | None, client_info: ClientInfo
) -> str:
    """Validate and store a pushed request; return its id. `jkt` is the thumbprint of the key in its DPoP proof, if any.

    Raises AuthorizationError, UnprovenRequest, TooManyRequests.
    """
    if client.is_public:  # anyone can push in its name
        count_request(ports, client_info)
    now, request_id = ports.clock.now(), ports.randomness.token()
    stored = PendingRequest(
        digest=digest_of(request_id),
        client=client.name,
        parameters=_pushed(client, sent, jkt),
        pushed=True,
        progress=None,
        created_at=now,
        expires_at=now + PUSHED_LIFETIME,
    )
    address = prove_return_address(stored.parameters, client)
    validate(ports, stored.parameters, client, address, pending=stored)
    with ports.unit_of_work() as uow:
        uow.pending_requests.add(stored)
        uow.commit()
    return request_id


def _pushed(client: OidcClient, sent: Parameters, jkt: str | None) -> Parameters:
    """Return the parameters with the client's own name and the proven key. Raises AuthorizationError."""
    if sent.get("request_uri") is not None:
        raise AuthorizationError("invalid_request", "a pushed request must not contain request_uri")
    named = sent.get("dpop_jkt")
    if jkt is not None and named not in {None, jkt}:
        raise AuthorizationError("invalid_request", "dpop_jkt is not the key of the DPoP proof")
    proven = {"client_id": client.name} | ({"dpop_jkt": jkt} if jkt is not None else {})
    return replace(sent, pairs=(*(pair for pair in sent.pairs if pair[0] not in proven), *proven.items()))


def find_pushed(ports: Ports, request_id: str, client_name: str | None) -> PendingRequest:
    """Return a pushed request within PUSHED_LIFETIME. Raises RequestGone, UnprovenRequest."""
    stored, client = find(ports, request_id)
    if not stored.pushed or client.name != client_name:
        raise UnprovenRequest("request_uri belongs to another client")
    if ports.clock.now() >= stored.created_at + PUSHED_LIFETIME:
        raise RequestGone(client)
    return stored

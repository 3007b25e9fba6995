"""Authorization requests: reading them, keeping those that need a person or were pushed (OIDC-2 to OIDC-4, OIDC-12)."""

from dataclasses import dataclass, replace
from typing import Any

from identity.domain.authorization import (
    AuthorizationRequest,
    ReturnAddress,
    parse_request,
    prove_return_address,
)
from identity.domain.authorization_error import AuthorizationError, RequestGone, UnprovenRequest
from identity.domain.authorization_parameters import Parameters
from identity.domain.errors import InvalidIdToken, TooManyRequests
from identity.domain.oauth_client import OidcClient
from identity.domain.rate_limits import AUTHORIZATIONS_BY_CLIENT_ADDRESS
from identity.domain.service_client import digest_of
from identity.domain.session import ClientInfo, Principal
from identity.domain.stored_request import LIFETIME, PUSHED_LIFETIME, Progress, StoredRequest
from identity.usecases.ports import Ports
from identity.usecases.steps.client_address_limits import count_by_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A valid request of a known client; `subjects` are the accounts of which the answer must be one."""

    client: OidcClient
    address: ReturnAddress
    parameters: Parameters
    request: AuthorizationRequest
    subjects: frozenset[str] | None
    stored: StoredRequest | None = None


def prove(ports: Ports, parameters: Parameters) -> tuple[OidcClient, ReturnAddress]:
    """Return who asks, and where the answer goes. Raises UnprovenRequest (OIDC-2)."""
    client = ports.grants.oidc_client(parameters.get("client_id") or "")
    address = prove_return_address(parameters, client)
    assert client is not None  # noqa: S101  # otherwise it was refused
    return client, address


def read(
    ports: Ports,
    parameters: Parameters,
    client: OidcClient,
    address: ReturnAddress,
    *,
    stored: StoredRequest | None = None,
) -> Asked:
    """Return the request of a proven client. Raises AuthorizationError."""
    request = parse_request(
        parameters,
        client,
        resources=_known_resources(ports, parameters, client),
        pushed=stored is not None and stored.pushed,
    )
    return Asked(
        client=client,
        address=address,
        parameters=parameters,
        request=request,
        subjects=_subjects(ports, client, request),
        stored=stored,
    )


def store(ports: Ports, asked: Asked, principal: Principal | None, *, asker: ClientInfo) -> str:
    """Keep a request while the person is asked; return its id. Raises TooManyRequests."""
    wait_seconds = count_by_network(ports, AUTHORIZATIONS_BY_CLIENT_ADDRESS, asker)
    if wait_seconds:
        raise TooManyRequests(wait_seconds)
    now, request_id = ports.clock.now(), ports.randomness.token()
    stored = StoredRequest(
        digest=digest_of(request_id),
        client=asked.client.name,
        parameters=asked.parameters,
        pushed=False,
        progress=_begun(principal),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    with ports.unit_of_work() as uow:
        uow.authorization_requests.add(stored)
        uow.commit()
    return request_id


def find(ports: Ports, request_id: str) -> tuple[StoredRequest, OidcClient]:
    """Return a stored request that is open, and its client. Raises RequestGone."""
    with ports.unit_of_work() as uow:
        stored = uow.authorization_requests.get(digest_of(request_id))
    client = ports.grants.oidc_client(stored.client) if stored is not None else None
    if stored is None or client is None or stored.expires_at <= ports.clock.now():
        raise RequestGone(client)
    return stored, client


def find_pushed(ports: Ports, request_id: str, client_name: str | None) -> tuple[StoredRequest, OidcClient]:
    """Return a pushed request that its client may still use. Raises RequestGone, UnprovenRequest."""
    stored, client = find(ports, request_id)
    if not stored.pushed or client.name != client_name:
        raise UnprovenRequest("request_uri is not this client's")
    if ports.clock.now() >= stored.created_at + PUSHED_LIFETIME:
        raise RequestGone(client)
    return stored, client


def advance(ports: Ports, asked: Asked, principal: Principal | None, **changes: Any) -> None:
    """Record what the person has done. Raises RequestGone."""
    stored = asked.stored
    assert stored is not None  # noqa: S101  # only stored requests have pages
    progress = replace(stored.progress or _begun(principal), **changes)
    now = ports.clock.now()
    expires_at = stored.expires_at if stored.progress is not None else now + LIFETIME
    with ports.unit_of_work() as uow:
        if not uow.authorization_requests.advance(stored.digest, progress, now=now, expires_at=expires_at):
            raise RequestGone(asked.client)
        uow.commit()


def close(ports: Ports, stored: StoredRequest) -> None:
    """Mark a request as answered, if it is not."""
    with ports.unit_of_work() as uow:
        uow.authorization_requests.close(stored.digest, ports.clock.now())
        uow.commit()


def _subjects(ports: Ports, client: OidcClient, request: AuthorizationRequest) -> frozenset[str] | None:
    """Return the accounts that the request names, by `claims` and `id_token_hint`. Raises AuthorizationError."""
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
        raise AuthorizationError("invalid_request", "id_token_hint is another client's")
    hinted = frozenset({str(hint.get("sub"))})
    return hinted if named is None else named & hinted


def _begun(principal: Principal | None) -> Progress:
    return Progress(former_session_id=principal.session_id if principal is not None else None)


def _known_resources(ports: Ports, parameters: Parameters, client: OidcClient) -> list[str]:
    """Return the resources that the client may name: its own, and those of clients that it may reach (RFC 8707)."""
    if not parameters.every("resource"):
        return []
    reached = (ports.grants.oidc_client(name) for name in client.may_reach)
    return [*client.resources, *(uri for each in reached if each is not None for uri in each.resources)]

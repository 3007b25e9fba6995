"""Storage of authorization requests that need interaction or were pushed (OIDC-4, OIDC-12)."""

from dataclasses import replace
from typing import Any

from identity.domain.authorization_error import AuthorizationError, RequestGone, UnprovenRequest
from identity.domain.authorization_parameters import Parameters
from identity.domain.errors import TooManyRequests
from identity.domain.oidc_client import OidcClient
from identity.domain.rate_limits import AUTHORIZATIONS_BY_CLIENT_ADDRESS
from identity.domain.redirect_uri import prove_return_address
from identity.domain.service_client import digest_of
from identity.domain.session import ClientInfo, Principal
from identity.domain.stored_request import LIFETIME, PUSHED_LIFETIME, Progress, StoredRequest
from identity.usecases.authorization_requests import Asked, read
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.client_address_limits import count_by_network


def store(ports: Ports, asked: Asked, principal: Principal | None, *, asker: ClientInfo) -> str:
    """Store a request during the interaction with the person; return its id. Raises TooManyRequests."""
    _count(ports, asker)
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
        uow.stored_requests.add(stored)
        uow.commit()
    return request_id


def push(ports: Ports, client: OidcClient, sent: Parameters, *, jkt: str | None, asker: ClientInfo) -> str:
    """Store a pushed request; return its id. `jkt` is the thumbprint of the key in the request's DPoP proof.

    Raises AuthorizationError, UnprovenRequest, TooManyRequests.
    """
    if client.is_public:
        _count(ports, asker)
    now, request_id = ports.clock.now(), ports.randomness.token()
    stored = StoredRequest(
        digest=digest_of(request_id),
        client=client.name,
        parameters=_pushed(client, sent, jkt),
        pushed=True,
        progress=None,
        created_at=now,
        expires_at=now + PUSHED_LIFETIME,
    )
    address = prove_return_address(stored.parameters, client)
    read(ports, stored.parameters, client, address, stored=stored)
    with ports.unit_of_work() as uow:
        uow.stored_requests.add(stored)
        uow.commit()
    return request_id


def _pushed(client: OidcClient, sent: Parameters, jkt: str | None) -> Parameters:
    """Return the parameters with the verified client and key. Raises AuthorizationError."""
    if sent.get("request_uri") is not None:
        raise AuthorizationError("invalid_request", "a pushed request must not contain request_uri")
    named = sent.get("dpop_jkt")
    if jkt is not None and named not in {None, jkt}:
        raise AuthorizationError("invalid_request", "dpop_jkt is not the key of the DPoP proof")
    proven = {"client_id": client.name} | ({"dpop_jkt": jkt} if jkt is not None else {})
    return replace(sent, pairs=(*(pair for pair in sent.pairs if pair[0] not in proven), *proven.items()))


def find(ports: Ports, request_id: str) -> tuple[StoredRequest, OidcClient]:
    """Return an open stored request, and its client. Raises RequestGone."""
    with ports.unit_of_work() as uow:
        stored = uow.stored_requests.get(digest_of(request_id))
    client = ports.grants.oidc_client(stored.client) if stored is not None else None
    if stored is None or client is None or stored.expires_at <= ports.clock.now():
        raise RequestGone(client)
    return stored, client


def find_pushed(ports: Ports, request_id: str, client_name: str | None) -> tuple[StoredRequest, OidcClient]:
    """Return a pushed request that has not expired, and its client. Raises RequestGone, UnprovenRequest."""
    stored, client = find(ports, request_id)
    if not stored.pushed or client.name != client_name:
        raise UnprovenRequest("request_uri belongs to another client")
    if ports.clock.now() >= stored.created_at + PUSHED_LIFETIME:
        raise RequestGone(client)
    return stored, client


def advance(ports: Ports, asked: Asked, principal: Principal | None, **changes: Any) -> None:
    """Record the person's progress, and the use of a chosen company (BIND-10). Raises RequestGone."""
    stored = asked.stored
    assert stored is not None  # noqa: S101  # only stored requests have pages
    progress = replace(stored.progress or _begun(principal), **changes)
    now = ports.clock.now()
    expires_at = stored.expires_at if stored.progress is not None else now + LIFETIME
    with ports.unit_of_work() as uow:
        if principal is not None and "account_id" in changes:
            _use_binding(uow, principal, changes["account_id"])
        if not uow.stored_requests.advance(stored.digest, progress, now=now, expires_at=expires_at):
            raise RequestGone(asked.client)
        uow.commit()


def _use_binding(uow: UnitOfWork, principal: Principal, account_id: str) -> None:
    """Record the use of the person's binding with the chosen company (BIND-10)."""
    binding = uow.bindings.live_of_general(account_id)
    if binding is not None and binding.link_account_id == principal.actor.id and binding.status == "verified":
        binding.use(uow.clock.now())
    uow.flush()  # before the request's row is changed, because opening a grant locks in this order


def close(ports: Ports, stored: StoredRequest) -> None:
    """Mark a request as answered."""
    with ports.unit_of_work() as uow:
        uow.stored_requests.close(stored.digest, ports.clock.now())
        uow.commit()


def _count(ports: Ports, asker: ClientInfo) -> None:
    wait_seconds = count_by_network(ports, AUTHORIZATIONS_BY_CLIENT_ADDRESS, asker)
    if wait_seconds:
        raise TooManyRequests(wait_seconds)


def _begun(principal: Principal | None) -> Progress:
    return Progress(former_session_id=principal.session_id if principal is not None else None)

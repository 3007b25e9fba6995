"""Keeping authorization requests: those that need a person, and those that were pushed (OIDC-4, OIDC-12)."""

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
    """Keep a request while the person is asked; return its id. Raises TooManyRequests."""
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
        uow.authorization_requests.add(stored)
        uow.commit()
    return request_id


def push(ports: Ports, client: OidcClient, sent: Parameters, *, jkt: str | None, asker: ClientInfo) -> str:
    """Keep a pushed request of a client; return its id. `jkt` is the key of the DPoP proof that came with it.

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
        uow.authorization_requests.add(stored)
        uow.commit()
    return request_id


def _pushed(client: OidcClient, sent: Parameters, jkt: str | None) -> Parameters:
    """Return the parameters with the client and the key that are proven. Raises AuthorizationError."""
    if sent.get("request_uri") is not None:
        raise AuthorizationError("invalid_request", "a pushed request has no request_uri")
    named = sent.get("dpop_jkt")
    if jkt is not None and named not in {None, jkt}:
        raise AuthorizationError("invalid_request", "dpop_jkt is not the key of the DPoP proof")
    proven = {"client_id": client.name} | ({"dpop_jkt": jkt} if jkt is not None else {})
    return replace(sent, pairs=(*(pair for pair in sent.pairs if pair[0] not in proven), *proven.items()))


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
    """Record what the person has done; the company chosen counts as used (BIND-10). Raises RequestGone."""
    stored = asked.stored
    assert stored is not None  # noqa: S101  # only stored requests have pages
    progress = replace(stored.progress or _begun(principal), **changes)
    now = ports.clock.now()
    expires_at = stored.expires_at if stored.progress is not None else now + LIFETIME
    with ports.unit_of_work() as uow:
        if principal is not None and "account_id" in changes:
            _use_binding(uow, principal, changes["account_id"])
        if not uow.authorization_requests.advance(stored.digest, progress, now=now, expires_at=expires_at):
            raise RequestGone(asked.client)
        uow.commit()


def _use_binding(uow: UnitOfWork, principal: Principal, account_id: str) -> None:
    """Record the choice of a company, as a switch does, if it is one of the person's (BIND-10)."""
    binding = uow.bindings.live_of_general(account_id)
    if binding is not None and binding.link_account_id == principal.actor.id and binding.status == "verified":
        binding.use(uow.clock.now())
    uow.flush()  # before the request's row: opening the grant locks the two in this order


def close(ports: Ports, stored: StoredRequest) -> None:
    """Mark a request as answered, if it is not."""
    with ports.unit_of_work() as uow:
        uow.authorization_requests.close(stored.digest, ports.clock.now())
        uow.commit()


def _count(ports: Ports, asker: ClientInfo) -> None:
    wait_seconds = count_by_network(ports, AUTHORIZATIONS_BY_CLIENT_ADDRESS, asker)
    if wait_seconds:
        raise TooManyRequests(wait_seconds)


def _begun(principal: Principal | None) -> Progress:
    return Progress(former_session_id=principal.session_id if principal is not None else None)

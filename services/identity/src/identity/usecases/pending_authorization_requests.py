"""Authorization requests that are stored until the person has logged in and chosen (OIDC-4)."""

from dataclasses import replace
from typing import Any

from identity.domain.authorization_error import RequestGone
from identity.domain.errors import TooManyRequests
from identity.domain.oidc_client import OidcClient
from identity.domain.pending_authorization_request import LIFETIME, PendingRequest, Progress
from identity.domain.rate_limits import AUTHORIZATIONS_BY_CLIENT_ADDRESS
from identity.domain.service_client import digest_of
from identity.domain.session import ClientInfo, Principal
from identity.usecases.authorization_request_validation import ValidatedRequest
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.client_address_limits import count_by_network


def store(
    ports: Ports, validated: ValidatedRequest, principal: Principal | None, *, client_info: ClientInfo
) -> str:
    """Store a request; return its id. Raises TooManyRequests."""
    count_request(ports, client_info)
    now, request_id = ports.clock.now(), ports.randomness.token()
    stored = PendingRequest(
        digest=digest_of(request_id),
        client=validated.client.name,
        parameters=validated.parameters,
        pushed=False,
        progress=_begun(principal),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    with ports.unit_of_work() as uow:
        uow.pending_requests.add(stored)
        uow.commit()
    return request_id


def count_request(ports: Ports, client_info: ClientInfo) -> None:
    """Count a request that is to be stored, by client address. Raises TooManyRequests."""
    wait_seconds = count_by_network(ports, AUTHORIZATIONS_BY_CLIENT_ADDRESS, client_info)
    if wait_seconds:
        raise TooManyRequests(wait_seconds)


def find(ports: Ports, request_id: str) -> tuple[PendingRequest, OidcClient]:
    """Return a request that is neither answered nor expired, and its client. Raises RequestGone."""
    with ports.unit_of_work() as uow:
        stored = uow.pending_requests.get(digest_of(request_id))
    client = ports.token_queries.oidc_client(stored.client) if stored is not None else None
    if stored is None or client is None or stored.expires_at <= ports.clock.now():
        raise RequestGone(client)
    return stored, client


def advance(ports: Ports, validated: ValidatedRequest, principal: Principal | None, **changes: Any) -> None:
    """Record the person's progress, and the use of the binding to a chosen company (BIND-10). Raises RequestGone.

    The first progress of a pushed request extends its expiry to LIFETIME from now.
    """
    pending = validated.pending
    assert pending is not None  # noqa: S101  # only stored requests have pages
    progress = replace(pending.progress or _begun(principal), **changes)
    now = ports.clock.now()
    expires_at = pending.expires_at if pending.progress is not None else now + LIFETIME
    with ports.unit_of_work() as uow:
        if principal is not None and "account_id" in changes:
            _use_binding(uow, principal, changes["account_id"])
        if not uow.pending_requests.advance(pending.digest, progress, now=now, expires_at=expires_at):
            raise RequestGone(validated.client)
        uow.commit()


def _use_binding(uow: UnitOfWork, principal: Principal, account_id: str) -> None:
    binding = uow.bindings.live_of_general(account_id)
    if binding is not None and binding.link_account_id == principal.actor.id and binding.status == "verified":
        binding.use(uow.clock.now())
    uow.flush()  # before the request's row is changed, because opening a grant locks in this order


def close(ports: Ports, stored: PendingRequest) -> None:
    with ports.unit_of_work() as uow:
        uow.pending_requests.close(stored.digest, ports.clock.now())
        uow.commit()


def _begun(principal: Principal | None) -> Progress:
    return Progress(former_session_id=principal.session_id if principal is not None else None)

"""Authentication and administration of service clients (SEC-12). Every change of a client may raise ClientError."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from identity.domain.errors import BadClient, Locked, Refusal
from identity.domain.rate_limits import Counter
from identity.domain.service_client import (
    ClientError,
    RevokedClientError,
    Scope,
    ServiceClient,
    UnknownClientError,
    digest_of,
    is_name,
    parse_name,
)
from identity.domain.session import ClientInfo
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import session_termination
from identity.usecases.steps.client_address_limits import count_by_network

_COUNTER = "client.address"
"""Separate from the counter of failed logins, so that a service with an old secret does not lock out people."""


def authenticate(ports: Ports, secret: str, *, name: str | None, client_info: ClientInfo) -> ServiceClient:
    """Authenticate a client by its secret; `name` must match if given. Raises BadClient, Locked.

    Failures are counted by client address. The correct secret is accepted even above the limit, because it cannot be
    guessed.
    """
    now, digest = ports.clock.now(), digest_of(secret)
    client = ports.queries.service_client(digest)
    if client is not None and client.accepts(digest, now) and name in {None, client.name}:
        return client
    raise refusal(ports, client.name if client is not None else "", client_info)


def refusal(ports: Ports, name: str, client_info: ClientInfo, *, own: Counter | None = None) -> Refusal:
    """Count and record a failed authentication; return the exception to raise. `name` is empty for an unknown client.

    `own` is a narrower counter than those of the client address.
    """
    limit = replace(ports.rules.login_failures_by_client_address, name=_COUNTER)
    wait_seconds = count_by_network(ports, limit, client_info, own=own)
    record_refused(ports, name, why="bad_client", throttle_key=f"{name}:{client_info.networks[0]}")
    return Locked(wait_seconds, of_service=True) if wait_seconds else BadClient()


def record_refused(ports: Ports, name: str, *, throttle_key: str, **detail: str) -> None:
    """Record a refused request of a service; `name` is empty if the service is unknown."""
    by = ports.by(replace(ports.caller(), kind="service", name=name))
    record_refusal(by, "client.refused", None, throttle_key=throttle_key, **detail)


def add(ports: Ports, name: str, rights: Sequence[Scope]) -> tuple[ServiceClient, str]:
    """Create a client; return it with its secret, which cannot be read again."""
    now, secret = ports.clock.now(), ports.randomness.token()
    client = ServiceClient(
        name=parse_name(name),
        rights=sorted(set(rights)),
        created_at=now,
        digest=digest_of(secret),
        rotated_at=now,
    )
    with ports.unit_of_work() as uow:
        if uow.clients.locked(client.name) is not None:
            raise ClientError(f"{name}: a client with this name exists or existed")
        uow.clients.add(client)
        uow.record_action("client.added", None, client=name, rights=client.rights)
        uow.commit()
    return client, secret


def rotate(ports: Ports, name: str, *, overlap: timedelta) -> tuple[ServiceClient, str]:
    """Issue a new secret and return it; the old secret stays valid for `overlap`."""
    secret = ports.randomness.token()
    with ports.unit_of_work() as uow:
        client = lock_client(uow, name)
        client.rotate(digest_of(secret), overlap=overlap, now=uow.clock.now())
        uow.record_action("client.rotated", None, client=name)
        uow.commit()
    return client, secret


def end_old(ports: Ports, name: str) -> ServiceClient:
    with ports.unit_of_work() as uow:
        client = lock_client(uow, name)
        client.end_former()
        uow.record_action("client.former_ended", None, client=name)
        uow.commit()
    return client


def revoke(ports: Ports, name: str) -> ServiceClient:
    with ports.unit_of_work() as uow:
        client = lock_client(uow, name)
        client.revoke(uow.clock.now())
        uow.record_action("client.revoked", None, client=name)
        session_termination.end_of_client(uow, name, "client_revoked")
        uow.commit()
    return client


def set_rights(ports: Ports, name: str, rights: Sequence[Scope]) -> ServiceClient:
    with ports.unit_of_work() as uow:
        client = lock_client(uow, name)
        client.rights = sorted(set(rights))
        uow.record_action("client.rights_set", None, client=name, rights=client.rights)
        uow.commit()
    return client


def lock_client(uow: UnitOfWork, name: str) -> ServiceClient:
    """Return a client and lock its row. Raises UnknownClientError, RevokedClientError."""
    client = uow.clients.locked(name) if is_name(name) else None
    if client is None:
        raise UnknownClientError(f"{name}: no such client")
    if client.revoked_at is not None:
        raise RevokedClientError(f"{name}: the client was revoked")
    return client

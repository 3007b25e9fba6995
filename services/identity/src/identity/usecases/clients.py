"""Service clients: how operators make and end them, and how a request shows who it is (SEC-12)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from identity.domain.errors import BadClient, Locked
from identity.domain.service_client import ClientError, Scope, ServiceClient, digest_of, parse_name
from identity.domain.session import ClientInfo
from identity.usecases.audit import recording
from identity.usecases.ports import Ports, UnitOfWork

COUNTER = "client.address"
"""Counts apart from people's failed logins, by the same measure: a service with an old secret locks nobody out."""


def authenticate(ports: Ports, secret: str, *, name: str | None, asker: ClientInfo) -> ServiceClient:
    """Return the client whose secret this is; `name` is said too, or not. Raises BadClient, Locked.

    Wrong secrets are counted by address. The right one is not asked for its count: it cannot be found by guessing.
    """
    now, digest = ports.clock.now(), digest_of(secret)
    found = ports.queries.service_client(digest)
    if found is not None and found.accepts(digest, now) and name in {None, found.name}:
        return found
    limit = replace(ports.rules.login_failures_by_address, name=COUNTER)
    (count,) = ports.counters.increment([(limit, limit.key(asker.network))], now)
    raise Locked(count.wait_seconds(now)) if count.exceeded else BadClient


def add(ports: Ports, name: str, rights: Sequence[Scope]) -> tuple[ServiceClient, str]:
    """Make a client; return it with its secret, which nobody can read again. Raises ClientError."""
    now, secret = ports.clock.now(), ports.randomness.token()
    client = ServiceClient(
        name=parse_name(name),
        rights=_distinct(rights),
        created_at=now,
        digest=digest_of(secret),
        rotated_at=now,
    )
    with ports.unit_of_work() as uow:
        if uow.clients.locked(client.name) is not None:
            raise ClientError(f"{name}: there is, or was, a client of this name")
        uow.clients.add(client)
        recording.record(uow, ports, "client.added", None, client=name, rights=client.rights)
        uow.commit()
    return client, secret


def every(ports: Ports) -> Sequence[ServiceClient]:
    """Return all clients, revoked ones too, by name."""
    with ports.unit_of_work() as uow:
        return uow.clients.every()


def rotate(ports: Ports, name: str, *, overlap: timedelta) -> tuple[ServiceClient, str]:
    """Give a client a new secret; the old one goes on for `overlap`. Raises ClientError."""
    secret = ports.randomness.token()
    with ports.unit_of_work() as uow:
        client = _open(uow, name)
        client.rotate(digest_of(secret), overlap=overlap, now=ports.clock.now())
        recording.record(uow, ports, "client.rotated", None, client=name)
        uow.commit()
    return client, secret


def end_old(ports: Ports, name: str) -> ServiceClient:
    """End a client's old secret now. Raises ClientError."""
    with ports.unit_of_work() as uow:
        client = _open(uow, name)
        client.end_former()
        recording.record(uow, ports, "client.former_ended", None, client=name)
        uow.commit()
    return client


def revoke(ports: Ports, name: str) -> ServiceClient:
    """End a client for good. Raises ClientError."""
    with ports.unit_of_work() as uow:
        client = _open(uow, name)
        client.revoke(ports.clock.now())
        recording.record(uow, ports, "client.revoked", None, client=name)
        uow.commit()
    return client


def set_rights(ports: Ports, name: str, rights: Sequence[Scope]) -> ServiceClient:
    """Put these rights in the place of the former ones. Raises ClientError."""
    with ports.unit_of_work() as uow:
        client = _open(uow, name)
        client.rights = _distinct(rights)
        recording.record(uow, ports, "client.rights_set", None, client=name, rights=client.rights)
        uow.commit()
    return client


def _open(uow: UnitOfWork, name: str) -> ServiceClient:
    client = uow.clients.locked(name)
    if client is None:
        raise ClientError(f"{name}: no such client")
    if client.revoked_at is not None:
        raise ClientError(f"{name}: was revoked")
    return client


def _distinct(rights: Sequence[Scope]) -> list[Scope]:
    return sorted(set(rights))

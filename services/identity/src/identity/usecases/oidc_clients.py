"""Registration of service clients for OpenID Connect (OIDC-25)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from identity.domain.client_registration import Registration, parse_registration
from identity.domain.client_registration_fields import RegistrationError, WrongField
from identity.domain.errors import InvalidValue
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import ServiceClient, UnknownClientError
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.service_clients import lock_client
from identity.usecases.steps import session_termination


@dataclass(frozen=True, slots=True)
class ClientDetails:
    client: ServiceClient
    oidc: OidcClient | None
    """None if the client is not registered for OpenID Connect."""


def register(ports: Ports, name: str, registration: Registration) -> OidcClient:
    """Register a service client, or replace its registration; its grants end if the new registration is narrower.

    Raises UnknownClientError, RevokedClientError, RegistrationError.
    """
    with ports.unit_of_work() as uow:
        uow.clients.lock_all()
        lock_client(uow, name)
        client = parse_registration(
            registration,
            name=name,
            parse_keys=ports.proofs.client_keys,
            https_only=uow.rules.https_only,
            now=uow.clock.now(),
        )
        clashes = tuple(_clashes(uow, client, registration))
        if clashes:
            raise RegistrationError(clashes)
        _store(uow, client)
        uow.record_action("client.oidc_set", None, client=name, **_recorded(client))
        uow.commit()
    return client


def show(ports: Ports, name: str) -> ClientDetails:
    """Return a client, even if it is revoked. Raises UnknownClientError."""
    found = next((each for each in every(ports) if each.client.name == name), None)
    if found is None:
        raise UnknownClientError(f"{name}: no such client")
    return found


def every(ports: Ports) -> Sequence[ClientDetails]:
    """Return all clients in the order of their names, including revoked clients."""
    with ports.unit_of_work() as uow:
        registered = {each.name: each for each in uow.oidc_clients.every()}
        return [ClientDetails(each, registered.get(each.name)) for each in uow.clients.every()]


def _clashes(uow: UnitOfWork, client: OidcClient, registration: Registration) -> Iterator[WrongField]:
    """Yield resources that another client has registered, and names of clients that cannot be reached.

    A client can be reached if it is registered for OpenID Connect, not revoked, and not the client itself.
    """
    others = [each for each in uow.oidc_clients.live() if each.name != client.name]
    taken = {uri for each in others for uri in each.resources}
    known = {each.name for each in others}
    for position, uri in enumerate(registration.resources):
        if uri in taken:
            yield WrongField("resources", InvalidValue("resource_taken"), position)
    for position, name in enumerate(registration.may_reach):
        if name not in known:
            yield WrongField("may_reach", InvalidValue("unknown_client"), position)


def _store(uow: UnitOfWork, client: OidcClient) -> None:
    former = uow.oidc_clients.locked(client.name)
    if former is None:
        uow.oidc_clients.add(client)
        return
    is_narrower = client.is_narrower_than(former)
    former.replace(client)
    if is_narrower:
        uow.flush()  # notifications of ended grants go to the new URI
        session_termination.end_of_client(uow, client.name, "scopes_cut")


def _recorded(client: OidcClient) -> dict[str, object]:
    """Return what the audit log stores of a registration. Queries of redirect URIs are left out (OIDC-29)."""
    return {
        "redirect_uris": [uri.partition("?")[0] for uri in client.redirect_uris],
        "scopes": client.scopes,
        "accepts": client.accepts,
        "auth": client.auth,
        "may_reach": client.may_reach,
    }

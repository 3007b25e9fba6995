"""Authentication of OpenID Connect clients (OIDC-18)."""

from dataclasses import dataclass, field
from typing import TypeVar

from typing_extensions import TypeIs

from identity.domain.client_assertion import check_assertion
from identity.domain.errors import BadClient
from identity.domain.oidc_client import Auth, IntrospectingClient, RegisteredClient
from identity.domain.rate_limits import CLIENT_FAILURES
from identity.domain.service_client import digest_of, is_name
from identity.domain.session import ClientInfo
from identity.usecases import service_clients
from identity.usecases.ports import Ports

Client = TypeVar("Client", RegisteredClient, IntrospectingClient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    method: Auth
    name: str | None
    """The `client_id` in the request; None if only the assertion names the client."""
    proof: str = field(default="", repr=False)
    """The secret or the assertion; empty for a public client."""


def authenticate(ports: Ports, credentials: Credentials, *, client_info: ClientInfo) -> RegisteredClient:
    """Return the client if the credentials match its registration. Raises BadClient, Locked.

    Failures are counted by client name and client address, and by client address alone. Correct credentials are
    accepted even above the limits, because they cannot be guessed.
    """
    name = name_of(ports, credentials)
    return check_proven(
        ports,
        ports.token_queries.client(name) if is_name(name) else None,
        credentials,
        client_info=client_info,
    )


def name_of(ports: Ports, credentials: Credentials) -> str:
    """Return the client name that the credentials state. It is not verified and may not be a valid name."""
    return (
        credentials.name if credentials.name is not None else ports.proofs.claimed_client(credentials.proof)
    )


def check_proven(
    ports: Ports, client: Client | None, credentials: Credentials, *, client_info: ClientInfo
) -> Client:
    """Do what `authenticate` does, for a client that the caller has already read. Raises BadClient, Locked."""
    known = client.name if client is not None else ""
    if is_proven(client, ports, credentials):
        return client
    own = CLIENT_FAILURES.counter(name_of(ports, credentials), client_info.networks[0])
    raise service_clients.refusal(ports, known, client_info, own=own)


def is_proven(client: Client | None, ports: Ports, credentials: Credentials) -> TypeIs[Client]:
    """Return whether the credentials authenticate the client. A valid assertion is marked as used."""
    if client is None or client.auth != credentials.method:
        return False
    if credentials.method in {"secret", "post"}:
        return client.accepts(digest_of(credentials.proof), ports.clock.now())
    return credentials.method == "none" or _has_key(ports, client, credentials.proof)


def _has_key(ports: Ports, client: RegisteredClient | IntrospectingClient, assertion: str) -> bool:
    name, issuer = client.name, ports.rules.public_url
    try:
        claims = ports.proofs.client_assertion(assertion, client.keys or {"keys": []})
        use = check_assertion(claims, client=name, issuer=issuer, now=ports.clock.now())
    except BadClient:
        return False
    return ports.seen_proofs.first_use(use)

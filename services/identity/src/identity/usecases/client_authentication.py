"""Authentication of OpenID Connect clients (OIDC-18)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from typing_extensions import TypeIs

from identity.domain.client_assertion import check_assertion
from identity.domain.errors import BadClient, Locked, Refusal
from identity.domain.oidc_client import Auth, RegisteredClient
from identity.domain.rate_limits import CLIENT_FAILURES
from identity.domain.service_client import digest_of, is_name
from identity.domain.session import ClientInfo
from identity.usecases import service_clients
from identity.usecases.ports import Ports
from identity.usecases.steps.client_address_limits import count_by_network


class ProvableClient(Protocol):
    """A client that is not revoked, with its credentials."""

    @property
    def name(self) -> str:
        """The `client_id`."""

    @property
    def auth(self) -> Auth:
        """How the client authenticates."""

    @property
    def keys(self) -> dict[str, Any] | None:
        """The client's public keys."""

    def accepts(self, digest: str, now: datetime) -> bool:
        """Return whether a secret with this digest is valid."""


Client = TypeVar("Client", bound=ProvableClient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A client's secret or assertion. `name` is None if only the assertion identifies the client."""

    method: Auth
    name: str | None
    proof: str = field(default="", repr=False)


def authenticate(ports: Ports, shown: Credentials, *, asker: ClientInfo) -> RegisteredClient:
    """Return the client if the credentials match its registration. Raises BadClient, Locked.

    Failures are counted by client and address, and by address. Correct credentials are accepted even above the limits,
    because they cannot be guessed.
    """
    name = name_of(ports, shown)
    return check_proven(
        ports, ports.token_queries.client(name) if is_name(name) else None, shown, asker=asker
    )


def name_of(ports: Ports, shown: Credentials) -> str:
    """Return the client name in the credentials, which may be invalid."""
    return shown.name if shown.name is not None else ports.proofs.claimed_client(shown.proof)


def check_proven(ports: Ports, client: Client | None, shown: Credentials, *, asker: ClientInfo) -> Client:
    """Return the client if the credentials match, as `authenticate` does. Raises BadClient, Locked."""
    if is_proven(client, ports, shown):
        return client
    raise _refusal(ports, client, name_of(ports, shown), asker)


def is_proven(client: Client | None, ports: Ports, shown: Credentials) -> TypeIs[Client]:
    """Return whether the credentials authenticate the client. A valid assertion counts as used."""
    if client is None or client.auth != shown.method:
        return False
    if shown.method in {"secret", "post"}:
        return client.accepts(digest_of(shown.proof), ports.clock.now())
    return shown.method == "none" or _has_key(ports, client, shown.proof)


def _has_key(ports: Ports, client: ProvableClient, assertion: str) -> bool:
    """Return whether a key of the client signed the assertion for this server, and this is the first use."""
    name, issuer = client.name, ports.rules.public_url
    try:
        claims = ports.proofs.client_assertion(assertion, client.keys or {"keys": []})
        use = check_assertion(claims, client=name, issuer=issuer, now=ports.clock.now())
    except BadClient:
        return False
    return ports.seen_proofs.first_use(use)


def _refusal(ports: Ports, client: ProvableClient | None, name: str, asker: ClientInfo) -> Refusal:
    """Count and record a failure, even of an unknown client; return the exception to raise."""
    limit = replace(ports.rules.login_failures_by_client_address, name=service_clients.COUNTER)
    own = CLIENT_FAILURES.counter(name, asker.networks[0])
    wait_seconds = count_by_network(ports, limit, asker, own=own)
    known = client.name if client is not None else ""
    service_clients.record_refused(
        ports, known, why="bad_client", throttle_key=f"{known}:{asker.networks[0]}"
    )
    return Locked(wait_seconds, of_service=True) if wait_seconds else BadClient()

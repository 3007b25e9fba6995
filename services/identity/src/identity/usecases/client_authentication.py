"""Authenticating clients of OpenID Connect (OIDC-18)."""

from dataclasses import dataclass, field, replace

from identity.domain.errors import BadClient, Locked, Refusal
from identity.domain.oauth_client import Auth, RegisteredClient
from identity.domain.rate_limits import CLIENT_FAILURES
from identity.domain.service_client import digest_of, is_name
from identity.domain.session import ClientInfo
from identity.usecases import service_clients
from identity.usecases.ports import Ports
from identity.usecases.steps.client_address_limits import count_by_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How a request names its client, and what proves it: its secret or its assertion."""

    method: Auth
    name: str
    proof: str = field(default="", repr=False)


def authenticate(ports: Ports, shown: Credentials, *, asker: ClientInfo) -> RegisteredClient:
    """Return the client if it shows what it is registered for. Raises BadClient, Locked.

    Failures are counted by client and address, and by address. What is right is accepted even above the limits: it
    cannot be guessed.
    """
    client = ports.grants.client(shown.name) if is_name(shown.name) else None
    if client is not None and client.oidc.auth == shown.method and _is_proven(ports, client, shown):
        return client
    raise _refusal(ports, client, shown.name, asker)


def _is_proven(ports: Ports, client: RegisteredClient, shown: Credentials) -> bool:
    if shown.method == "secret":
        return client.service.accepts(digest_of(shown.proof), ports.clock.now())
    return shown.method == "none"


def _refusal(ports: Ports, client: RegisteredClient | None, name: str, asker: ClientInfo) -> Refusal:
    """Count and record a failure, whether there is such a client or not; return what to raise."""
    limit = replace(ports.rules.login_failures_by_client_address, name=service_clients.COUNTER)
    own = CLIENT_FAILURES.counter(name, asker.networks[0])
    wait_seconds = count_by_network(ports, limit, asker, own=own)
    known = client.oidc.name if client is not None else ""
    service_clients.record_refused(
        ports, known, why="bad_client", throttle_key=f"{known}:{asker.networks[0]}"
    )
    return Locked(wait_seconds) if wait_seconds else BadClient()

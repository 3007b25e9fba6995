"""Look-up of an active access token."""

from identity.domain.grant import ActiveToken
from identity.domain.service_client import digest_of
from identity.usecases.ports import Ports


def active_access_token(ports: Ports, token: str) -> ActiveToken | None:
    """Return the active access token with this value; None also for a refresh token."""
    active = ports.token_queries.active_token(digest_of(token), ports.clock.now())
    return active if active is not None and active.token.kind == "access" else None

"""Queries for active tokens and registered clients outside a unit of work."""

from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveToken, IntrospectedToken
from identity.domain.oidc_client import IntrospectingClient, OidcClient, RegisteredClient


class TokenQueries(Protocol):
    """Each query is one statement."""

    def active_token(self, digest: str, now: datetime) -> ActiveToken | None:
        """Return an unexpired, unused access token if its grant, accounts, binding (if any) and client are active."""

    def introspected(
        self, name: str, digest: str, now: datetime
    ) -> tuple[IntrospectingClient | None, IntrospectedToken | None]:
        """Return a client that is not revoked, and an active access token; each is None if there is none.

        One statement reads both, because services introspect a token for each of their requests. Without the client,
        the token is None too.
        """

    def client(self, name: str) -> RegisteredClient | None:
        """Return a client that is not revoked, with its registration."""

    def oidc_client(self, name: str) -> OidcClient | None:
        """Return the registration of a client that is not revoked."""

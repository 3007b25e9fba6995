"""Queries for grants and tokens outside a transaction."""

from datetime import datetime
from typing import Protocol

from identity.domain.grant import ActiveToken, IntrospectedToken
from identity.domain.oidc_client import AskingClient, OidcClient, RegisteredClient


class TokenQueries(Protocol):
    """The queries of the token endpoints, each in one statement."""

    def active_token(self, digest: str, now: datetime) -> ActiveToken | None:
        """Return a token if it is unexpired and unused, and its grant and the grant's dependencies are active."""

    def introspected(
        self, name: str, digest: str, now: datetime
    ) -> tuple[AskingClient | None, IntrospectedToken | None]:
        """Return a client that is not revoked, and an active token with the data for introspection.

        One statement reads both, because services introspect a token for each of their requests.
        """

    def client(self, name: str) -> RegisteredClient | None:
        """Return a client that is not revoked, with its registration."""

    def oidc_client(self, name: str) -> OidcClient | None:
        """Return the registration of a client that is not revoked."""

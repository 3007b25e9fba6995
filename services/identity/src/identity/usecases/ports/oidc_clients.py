"""Clients registered for OpenID Connect."""

from collections.abc import Sequence
from typing import Protocol

from identity.domain.oidc_client import OidcClient


class OidcClients(Protocol):
    def add(self, client: OidcClient) -> None: ...

    def get(self, name: str) -> OidcClient | None: ...

    def locked(self, name: str) -> OidcClient | None:
        """Return a registration and lock its row until the commit. The service client's row must be locked first."""

    def every(self) -> Sequence[OidcClient]:
        """Return all registrations in order of name."""

    def live(self) -> Sequence[OidcClient]:
        """Return the registrations of clients that are not revoked, in order of name."""

"""Clients registered for OpenID Connect."""

from collections.abc import Sequence
from typing import Protocol

from identity.domain.oidc_client import OidcClient


class OidcClients(Protocol):
    """The registrations for OpenID Connect."""

    def add(self, client: OidcClient) -> None:
        """Add a registration."""

    def get(self, name: str) -> OidcClient | None:
        """Return a registration."""

    def locked(self, name: str) -> OidcClient | None:
        """Return a registration, locked until the commit. The service client's row must be locked first."""

    def every(self) -> Sequence[OidcClient]:
        """Return all registrations by name."""

    def live(self) -> Sequence[OidcClient]:
        """Return the registrations of clients that are not revoked, by name."""

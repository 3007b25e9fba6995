"""Service clients."""

from collections.abc import Sequence
from typing import Protocol

from identity.domain.service_client import ServiceClient


class Clients(Protocol):
    def add(self, client: ServiceClient) -> None: ...

    def locked(self, name: str) -> ServiceClient | None:
        """Return a client in its current state and lock its row (`FOR NO KEY UPDATE`)."""

    def lock_all(self) -> None:
        """Lock the rows of all clients in order of name, to check values that must be unique among clients."""

    def every(self) -> Sequence[ServiceClient]:
        """Return all clients in order of name, including revoked ones."""

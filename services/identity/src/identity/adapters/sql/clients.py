"""Service clients."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from identity.adapters.sql.accounts import ROW_LOCK
from identity.adapters.sql.tables import clients
from identity.domain.service_client import ServiceClient


class SqlClients:
    """Service clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, client: ServiceClient) -> None:
        """Add a new client."""
        self._database.add(client)

    def locked(self, name: str) -> ServiceClient | None:
        """Return a client as it is now, its row held until the transaction ends."""
        return self._database.get(ServiceClient, name, with_for_update=ROW_LOCK, populate_existing=True)

    def every(self) -> Sequence[ServiceClient]:
        """Return all, by name."""
        return self._database.scalars(select(ServiceClient).order_by(clients.c.name)).all()

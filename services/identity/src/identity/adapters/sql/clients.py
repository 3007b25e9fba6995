"""Service clients."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session as Database
from typing_extensions import override

from identity.adapters.sql.accounts import ROW_LOCK
from identity.adapters.sql.tables import clients
from identity.domain.service_client import ServiceClient
from identity.usecases.ports.sessions import Clients


class SqlClients(Clients):
    """Service clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def add(self, client: ServiceClient) -> None:
        self._database.add(client)

    @override
    def locked(self, name: str) -> ServiceClient | None:
        return self._database.get(ServiceClient, name, with_for_update=ROW_LOCK, populate_existing=True)

    @override
    def every(self) -> Sequence[ServiceClient]:
        return self._database.scalars(select(ServiceClient).order_by(clients.c.name)).all()

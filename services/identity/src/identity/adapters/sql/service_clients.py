"""The repository of service clients."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.accounts import ROW_LOCK
from identity.adapters.sql.tables import clients
from identity.domain.service_client import ServiceClient
from identity.usecases.ports.service_clients import Clients


class SqlClients(Clients):
    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def add(self, client: ServiceClient) -> None:
        self._session.add(client)

    @override
    def locked(self, name: str) -> ServiceClient | None:
        return self._session.get(ServiceClient, name, with_for_update=ROW_LOCK, populate_existing=True)

    @override
    def lock_all(self) -> None:
        self._session.execute(select(clients.c.name).order_by(clients.c.name).with_for_update(key_share=True))

    @override
    def every(self) -> Sequence[ServiceClient]:
        return self._session.scalars(select(ServiceClient).order_by(clients.c.name)).all()

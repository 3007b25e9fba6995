"""The repository of service clients."""

from collections.abc import Sequence

from sqlalchemy import select
from typing_extensions import override

from identity.adapters.sql.repository import MappedRepository
from identity.adapters.sql.tables import clients
from identity.domain.service_client import ServiceClient
from identity.usecases.ports.service_clients import Clients


class SqlClients(MappedRepository[ServiceClient], Clients):
    _mapped = ServiceClient

    @override
    def lock_all(self) -> None:
        self._session.execute(select(clients.c.name).order_by(clients.c.name).with_for_update(key_share=True))

    @override
    def every(self) -> Sequence[ServiceClient]:
        return self._session.scalars(select(ServiceClient).order_by(clients.c.name)).all()

"""The repository of OpenID Connect registrations."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.accounts import ROW_LOCK
from identity.adapters.sql.oidc_tables import oidc_clients
from identity.adapters.sql.tables import clients
from identity.domain.oidc_client import OidcClient
from identity.usecases.ports.oidc_clients import OidcClients

_EVERY = select(OidcClient).order_by(oidc_clients.c.name)


class SqlOidcClients(OidcClients):
    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def add(self, client: OidcClient) -> None:
        self._session.add(client)

    @override
    def get(self, name: str) -> OidcClient | None:
        return self._session.get(OidcClient, name)

    @override
    def locked(self, name: str) -> OidcClient | None:
        return self._session.get(OidcClient, name, with_for_update=ROW_LOCK, populate_existing=True)

    @override
    def every(self) -> Sequence[OidcClient]:
        return self._session.scalars(_EVERY).all()

    @override
    def live(self) -> Sequence[OidcClient]:
        live = _EVERY.join(clients, clients.c.name == oidc_clients.c.name).where(
            clients.c.revoked_at.is_(None)
        )
        return self._session.scalars(live).all()

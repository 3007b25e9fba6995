"""The repository of OpenID Connect registrations."""

from collections.abc import Sequence

from sqlalchemy import select
from typing_extensions import override

from identity.adapters.sql.oidc_tables import oidc_clients
from identity.adapters.sql.repository import MappedRepository
from identity.adapters.sql.tables import clients
from identity.domain.oidc_client import OidcClient
from identity.usecases.ports.oidc_clients import OidcClients

_EVERY = select(OidcClient).order_by(oidc_clients.c.name)


class SqlOidcClients(MappedRepository[OidcClient], OidcClients):
    _mapped = OidcClient

    @override
    def every(self) -> Sequence[OidcClient]:
        return self._session.scalars(_EVERY).all()

    @override
    def live(self) -> Sequence[OidcClient]:
        live = _EVERY.join(clients, clients.c.name == oidc_clients.c.name).where(
            clients.c.revoked_at.is_(None)
        )
        return self._session.scalars(live).all()

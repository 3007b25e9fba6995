"""The repository of the scopes that people have allowed each client (OIDC-11)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from typing_extensions import override

from identity.adapters.sql.oidc_tables import client_consents
from identity.adapters.sql.repository import Repository
from identity.adapters.sql.upsert import upsert_into
from identity.usecases.ports.client_consents import ClientConsents

_row = client_consents.c


class SqlClientConsents(Repository, ClientConsents):
    @override
    def scopes(self, account_id: str, client: str) -> Sequence[str]:
        query = select(_row.scopes).where(_row.account_id == account_id, _row.client == client)
        return self._session.execute(query).scalar_one_or_none() or []

    @override
    def add(self, account_id: str, client: str, scopes: Sequence[str], now: datetime) -> None:
        known = self.scopes(account_id, client)
        all_scopes = sorted({*known, *scopes})
        row = {"account_id": account_id, "client": client, "scopes": all_scopes, "accepted_at": now}
        self._session.execute(upsert_into(client_consents, self._session.get_bind().dialect.name), row)

    @override
    def forget(self, account_id: str) -> None:
        self._session.execute(delete(client_consents).where(_row.account_id == account_id))

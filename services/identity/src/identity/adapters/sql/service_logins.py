"""Grants with the names of their services and accounts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from typing_extensions import override

from identity.adapters.sql.oidc_tables import grants, oidc_clients
from identity.adapters.sql.repository import Repository
from identity.adapters.sql.tables import accounts
from identity.domain.open_login import ServiceLogin
from identity.usecases.ports.service_logins import ServiceLogins

_row = grants.c
_LOGINS = (
    select(
        *(
            _row[name]
            for name in (
                "id", "client", "session_id", "holder_id", "account_id", "scopes", "created_at", "expires_at",
                "ended_at", "ended_reason",
            )
        ),
        oidc_clients.c.display_name.label("service"),
        *(accounts.c[name] for name in ("kind", "username", "company_name", "tax_id")),
    )
    .join_from(grants, oidc_clients, oidc_clients.c.name == _row.client)
    .join(accounts, accounts.c.id == _row.account_id)
    .order_by(_row.created_at.desc(), _row.id)
)  # fmt: skip


class SqlServiceLogins(Repository, ServiceLogins):
    @override
    def of_holder(self, account_id: str, now: datetime) -> Sequence[ServiceLogin]:
        return self._open(_row.holder_id == account_id, now)

    @override
    def of_account(self, account_id: str, now: datetime) -> Sequence[ServiceLogin]:
        return self._open(or_(_row.holder_id == account_id, _row.account_id == account_id), now)

    @override
    def of_session(self, session_id: str, now: datetime) -> Sequence[ServiceLogin]:
        return self._open(_row.session_id == session_id, now)

    @override
    def every_of_holder(self, account_id: str) -> Sequence[ServiceLogin]:
        return self._found(_row.holder_id == account_id)

    def _open(self, condition: ColumnElement[bool], now: datetime) -> Sequence[ServiceLogin]:
        return self._found(condition, _row.ended_at.is_(None), _row.expires_at > now)

    def _found(self, *conditions: ColumnElement[bool]) -> Sequence[ServiceLogin]:
        rows = self._session.execute(_LOGINS.where(*conditions)).mappings()
        return [ServiceLogin(**row) for row in rows]

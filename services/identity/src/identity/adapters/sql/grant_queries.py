"""The read of every token endpoint: one statement that says whether a token is active, and for whom (OIDC-20)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, or_, select
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.grants import is_active
from identity.adapters.sql.oauth_tables import grant_tokens, grants, oidc_clients
from identity.adapters.sql.tables import accounts, bindings, clients
from identity.domain.grant import ActiveToken, Grant, Token
from identity.domain.oauth_client import OidcClient, RegisteredClient
from identity.domain.service_client import ServiceClient
from identity.domain.session import AccountSummary
from identity.usecases.ports.grants import GrantQueries

_HOLDER, _ACCOUNT = accounts.alias("holder"), accounts.alias("account")
_SUMMARY = ("id", "kind", "username", "name", "tax_id", "company_name")
_TOKEN_COLUMNS, _GRANT_COLUMNS = tuple(grant_tokens.c), tuple(grants.c)
_ACTIVE_TOKEN = (
    select(
        *_TOKEN_COLUMNS,
        *_GRANT_COLUMNS,
        *(_ACCOUNT.c[name] for name in _SUMMARY),
        *(_HOLDER.c[name] for name in _SUMMARY),
        _ACCOUNT.c.email,
        _ACCOUNT.c.updated_at,
        _ACCOUNT.c.created_at,
    )
    .join_from(grant_tokens, grants, grants.c.id == grant_tokens.c.grant_id)
    .join(_HOLDER, _HOLDER.c.id == grants.c.holder_id)
    .join(_ACCOUNT, _ACCOUNT.c.id == grants.c.account_id)
    .join(clients, clients.c.name == grant_tokens.c.client)
    .outerjoin(bindings, bindings.c.id == grants.c.binding_id)
    .where(
        grant_tokens.c.digest == bindparam("digest"),
        grant_tokens.c.expires_at > bindparam("now"),
        grant_tokens.c.used_at.is_(None),
        grants.c.ended_at.is_(None),
        grants.c.expires_at > bindparam("now"),
        is_active(_HOLDER),
        is_active(_ACCOUNT),
        or_(grants.c.binding_id.is_(None), bindings.c.status == "verified"),
        clients.c.revoked_at.is_(None),
    )
)
_IS_CLIENT = (oidc_clients.c.name == bindparam("name"), clients.c.revoked_at.is_(None))
_OIDC_CLIENT = select(OidcClient).join(clients, clients.c.name == oidc_clients.c.name).where(*_IS_CLIENT)
_CLIENT = (
    select(ServiceClient, OidcClient)
    .join_from(ServiceClient, OidcClient, clients.c.name == oidc_clients.c.name)
    .where(*_IS_CLIENT)
)


class SqlGrantQueries(GrantQueries):
    """Needs an autocommit engine: each statement is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def active_token(self, digest: str, now: datetime) -> ActiveToken | None:
        with self._engine.connect() as connection:
            row = connection.execute(_ACTIVE_TOKEN, {"digest": digest, "now": now}).one_or_none()
        return _active_token(row) if row is not None else None

    @override
    def client(self, name: str) -> RegisteredClient | None:
        with Session(self._engine, expire_on_commit=False) as session:
            row = session.execute(_CLIENT, {"name": name}).one_or_none()
        return RegisteredClient(*row) if row is not None else None

    @override
    def oidc_client(self, name: str) -> OidcClient | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.scalars(_OIDC_CLIENT, {"name": name}).one_or_none()


def _active_token(row: Iterable[Any]) -> ActiveToken:
    values = iter(row)
    token = Token(**_named(_TOKEN_COLUMNS, values))
    grant = Grant(**_named(_GRANT_COLUMNS, values))
    account, actor = _summary(values), _summary(values)
    email, updated_at, created_at = values
    return ActiveToken(
        token=token,
        grant=grant,
        account=account,
        actor=actor,
        email=email,
        updated_at=updated_at or created_at,
    )


def _summary(values: Iterator[Any]) -> AccountSummary:
    return AccountSummary(**dict(zip(_SUMMARY, values, strict=False)), status="active")


def _named(columns: tuple[Any, ...], values: Iterator[Any]) -> Mapping[str, Any]:
    return {column.name: next(values) for column in columns}

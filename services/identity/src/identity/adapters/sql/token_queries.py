"""Looks up active tokens and registered clients outside a unit of work (OIDC-20)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, true
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql import mapping  # noqa: F401  # maps the classes that sessions load
from identity.adapters.sql.active_grants import (
    SUMMARIES,
    named,
    read_grant,
    read_summary,
    select_active,
    select_from_active,
)
from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.oidc_tables import grant_tokens, grants, oidc_clients
from identity.adapters.sql.tables import clients
from identity.domain.grant import ActiveToken, IntrospectedToken, Token
from identity.domain.oidc_client import IntrospectingClient, OidcClient, RegisteredClient
from identity.domain.service_client import Secrets, ServiceClient
from identity.usecases.ports.token_queries import TokenQueries

_TOKEN_COLUMNS = tuple(grant_tokens.c)
_TOKENS = grant_tokens.join(grants, grants.c.id == grant_tokens.c.grant_id)
_IS_TOKEN = (
    grant_tokens.c.digest == bindparam("digest"),
    grant_tokens.c.kind == "access",
    grant_tokens.c.expires_at > bindparam("now"),
    grant_tokens.c.used_at.is_(None),
)
_ACTIVE_TOKEN = select_active(_TOKENS, *_TOKEN_COLUMNS, client=grant_tokens.c.client).where(*_IS_TOKEN)
_IS_CLIENT = (oidc_clients.c.name == bindparam("name"), clients.c.revoked_at.is_(None))
_OIDC_CLIENT = select(OidcClient).join(clients, clients.c.name == oidc_clients.c.name).where(*_IS_CLIENT)
_CLIENT_COLUMNS, _OIDC_COLUMNS = tuple(clients.c), tuple(oidc_clients.c)
_CLIENT = (
    select(*_CLIENT_COLUMNS, *_OIDC_COLUMNS)
    .join_from(clients, oidc_clients, clients.c.name == oidc_clients.c.name)
    .where(*_IS_CLIENT)
)
_CLIENT_BY_NAME, _TOKEN_BY_DIGEST = FixedStatement(_CLIENT), FixedStatement(_ACTIVE_TOKEN)


def _introspected_statement() -> FixedStatement:
    authentication = (grants.c.auth_time, grants.c.acr, grants.c.amr)
    columns = (*_TOKEN_COLUMNS, *authentication, *SUMMARIES)
    active = select_from_active(_TOKENS, *columns, client=grant_tokens.c.client).where(*_IS_TOKEN).subquery()
    client = (
        oidc_clients.c.name, clients.c.rights, oidc_clients.c.auth, oidc_clients.c["keys"], oidc_clients.c.resources,
        clients.c.digest, clients.c.former_digest, clients.c.former_ends_at,
    )  # fmt: skip
    joined = clients.join(oidc_clients, clients.c.name == oidc_clients.c.name).outerjoin(active, true())
    return FixedStatement(select(*client, *active.c).select_from(joined).where(*_IS_CLIENT))


_INTROSPECTED = _introspected_statement()
_CLIENT_COLUMN_COUNT = 8
"""The number of columns of `_INTROSPECTED` that describe the client; they come first."""


class SqlTokenQueries(EngineAdapter, TokenQueries):
    """Needs an autocommit engine: each statement is its own transaction."""

    @override
    def active_token(self, digest: str, now: datetime) -> ActiveToken | None:
        with self._engine.connect() as connection:
            row = _TOKEN_BY_DIGEST.row(connection, {"digest": digest, "now": now})
        return _active_token(row) if row is not None else None

    @override
    def client(self, name: str) -> RegisteredClient | None:
        with self._engine.connect() as connection:
            row = _CLIENT_BY_NAME.row(connection, {"name": name})
        return _client(iter(row)) if row is not None else None

    @override
    def introspected(
        self, name: str, digest: str, now: datetime
    ) -> tuple[IntrospectingClient | None, IntrospectedToken | None]:
        with self._engine.connect() as connection:
            row = _INTROSPECTED.row(connection, {"name": name, "digest": digest, "now": now})
        if row is None:
            return None, None
        own_name, rights, auth, keys, resources, *secrets = row[:_CLIENT_COLUMN_COUNT]
        client = IntrospectingClient(
            name=own_name, rights=rights, auth=auth, keys=keys, resources=resources, secrets=Secrets(*secrets)
        )
        token = row[_CLIENT_COLUMN_COUNT:]
        return client, _introspected(iter(token)) if token[0] is not None else None

    @override
    def oidc_client(self, name: str) -> OidcClient | None:
        with Session(self._engine, expire_on_commit=False) as session:
            return session.scalars(_OIDC_CLIENT, {"name": name}).one_or_none()


def _client(values: Iterator[Any]) -> RegisteredClient:
    service = ServiceClient(**named(_CLIENT_COLUMNS, values))
    return RegisteredClient(service, OidcClient(**named(_OIDC_COLUMNS, values)))


def _active_token(row: Iterable[Any]) -> ActiveToken:
    values = iter(row)
    token = Token(**named(_TOKEN_COLUMNS, values))
    return ActiveToken(token=token, **read_grant(values))


def _introspected(values: Iterator[Any]) -> IntrospectedToken:
    token = Token(**named(_TOKEN_COLUMNS, values))
    auth_time, acr, amr = next(values), next(values), next(values)
    account, actor = read_summary(values), read_summary(values)
    return IntrospectedToken(token=token, account=account, actor=actor, auth_time=auth_time, acr=acr, amr=amr)

"""The stored authorization requests, and the consents to what services get."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session
from typing_extensions import override

from identity.adapters.sql.oauth_tables import authorization_requests, client_consents
from identity.adapters.sql.upsert import insert_into
from identity.domain.authorization_parameters import Parameters
from identity.domain.stored_request import Progress, StoredRequest
from identity.usecases.ports.authorization_requests import AuthorizationRequests, ClientConsents

_row = authorization_requests.c
_consent = client_consents.c


class SqlAuthorizationRequests(AuthorizationRequests):
    """Reads and writes stored requests within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def add(self, request: StoredRequest) -> None:
        values = {
            "digest": request.digest,
            "client": request.client,
            "parameters": request.parameters.to_store,
            "pushed": request.pushed,
            "progress": _as_json(request.progress),
            "created_at": request.created_at,
            "expires_at": request.expires_at,
        }
        self._session.execute(insert(authorization_requests).values(values))

    @override
    def get(self, digest: str) -> StoredRequest | None:
        query = select(authorization_requests).where(_row.digest == digest)
        row = self._session.execute(query).mappings().one_or_none()
        if row is None:
            return None
        progress = Progress(**row["progress"]) if row["progress"] else None
        parameters = Parameters.of((name, value) for name, value in row["parameters"])
        return StoredRequest(**{**row, "parameters": parameters, "progress": progress})

    @override
    def advance(self, digest: str, progress: Progress, *, now: datetime, expires_at: datetime) -> bool:
        return self._update(digest, now, progress=_as_json(progress), expires_at=expires_at)

    @override
    def close(self, digest: str, now: datetime) -> bool:
        return self._update(digest, now, expires_at=now)

    def _update(self, digest: str, now: datetime, **values: Any) -> bool:
        is_open = (_row.digest == digest, _row.expires_at > now)
        statement = update(authorization_requests).where(*is_open).values(**values).returning(_row.digest)
        return self._session.execute(statement).scalar_one_or_none() is not None


class SqlClientConsents(ClientConsents):
    """Reads and writes consents to services within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @override
    def scopes(self, account_id: str, client: str) -> Sequence[str]:
        query = select(_consent.scopes).where(_consent.account_id == account_id, _consent.client == client)
        return self._session.execute(query).scalar_one_or_none() or []

    @override
    def add(self, account_id: str, client: str, scopes: Sequence[str], now: datetime) -> None:
        known = self.scopes(account_id, client)
        values = {"scopes": sorted({*known, *scopes}), "accepted_at": now}
        statement = insert_into(client_consents, self._session.get_bind().dialect.name)
        key = {"account_id": account_id, "client": client}
        self._session.execute(
            statement.values(**key, **values).on_conflict_do_update(
                index_elements=["account_id", "client"], set_=values
            )
        )

    @override
    def forget(self, account_id: str) -> None:
        self._session.execute(delete(client_consents).where(_consent.account_id == account_id))


def _as_json(progress: Progress | None) -> dict[str, Any]:
    return asdict(progress) if progress is not None else {}

"""The repository of stored authorization requests."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from typing_extensions import override

from identity.adapters.sql.oidc_tables import authorization_requests
from identity.adapters.sql.repository import Repository
from identity.domain.authorization_parameters import Parameters
from identity.domain.pending_authorization_request import PendingRequest, Progress
from identity.usecases.ports.pending_authorization_requests import PendingRequests

_row = authorization_requests.c


class SqlPendingRequests(Repository, PendingRequests):
    @override
    def add(self, request: PendingRequest) -> None:
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
    def get(self, digest: str) -> PendingRequest | None:
        query = select(authorization_requests).where(_row.digest == digest)
        row = self._session.execute(query).mappings().one_or_none()
        if row is None:
            return None
        progress = Progress(**row["progress"]) if row["progress"] else None
        parameters = Parameters.of((name, value) for name, value in row["parameters"])
        return PendingRequest(**{**row, "parameters": parameters, "progress": progress})

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


def _as_json(progress: Progress | None) -> dict[str, Any]:
    return asdict(progress) if progress is not None else {}

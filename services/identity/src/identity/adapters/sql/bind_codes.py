"""The repository of the codes that verify a binding."""

from sqlalchemy import delete, update
from typing_extensions import override

from identity.adapters.sql.repository import Repository
from identity.adapters.sql.tables import bind_codes
from identity.domain.bind_code import MAX_TRIES, BindCode
from identity.usecases.ports.bind_codes import BindCodes


class SqlBindCodes(Repository, BindCodes):
    @override
    def put(self, code: BindCode) -> None:
        self._session.flush()
        self._session.merge(code)

    @override
    def get(self, binding_id: str) -> BindCode | None:
        return self._session.get(BindCode, binding_id, populate_existing=True)

    @override
    def count_try(self, binding_id: str, challenge: str) -> int | None:
        row = bind_codes.c
        statement = (
            update(bind_codes)
            .where(row.binding_id == binding_id, row.challenge == challenge, row.tries < MAX_TRIES)
            .values(tries=row.tries + 1)
            .returning(row.tries)
        )
        return self._session.execute(statement).scalar_one_or_none()

    @override
    def drop(self, binding_id: str) -> None:
        self._session.execute(delete(bind_codes).where(bind_codes.c.binding_id == binding_id))

"""The codes that verify a binding."""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session as Database

from identity.adapters.sql.tables import bind_codes
from identity.domain.code import MAX_TRIES, BindCode


class SqlCodes:
    """Bind codes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, code: BindCode) -> None:
        """Put a new code in the place of the older one."""
        self._database.flush()
        self._database.merge(code)

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code as it is now."""
        return self._database.get(BindCode, binding_id, populate_existing=True)

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count a try in one atomic statement; None where none was left (SEC-5)."""
        row = bind_codes.c
        statement = (
            update(bind_codes)
            .where(row.binding_id == binding_id, row.challenge == challenge, row.tries < MAX_TRIES)
            .values(tries=row.tries + 1)
            .returning(row.tries)
        )
        return self._database.execute(statement).scalar_one_or_none()

    def drop(self, binding_id: str) -> None:
        """Void a binding's code."""
        self._database.execute(delete(bind_codes).where(bind_codes.c.binding_id == binding_id))

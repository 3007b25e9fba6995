"""Writes the audit log (SEC-11)."""

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from typing_extensions import override

from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.tables import audit
from identity.domain.audit import Entry
from identity.usecases.ports.audit import AuditLog

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

COLUMNS = (
    "at", "action", "result", "actor_kind", "actor", "via", "account_id", "link_account_id", "address", "request_id",
    "reason", "detail",
)  # fmt: skip
ADD = audit.insert().inline()
"""`inline` prevents SQLAlchemy from fetching the id of the new row."""
_ADD_ONE = FixedStatement(ADD, columns=COLUMNS)


class SqlAuditLog(AuditLog):
    """Entries that commit with the change they describe."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._rows: list[dict[str, Any]] = []

    @override
    def add(self, entry: Entry) -> None:
        self._rows.append(to_row(entry))

    def write(self) -> None:
        """Insert the new entries in one round trip."""
        if self._rows:
            rows, self._rows = self._rows, []
            connection = self._session.connection()
            # For a single row, setting up the driver's pipeline would take longer.
            if len(rows) == 1:
                _ADD_ONE.run(connection, rows[0])
            else:
                connection.execute(ADD, rows)


class AutocommitAuditLog(AuditLog):
    """Entries that commit immediately, so that refusals are recorded. Needs an autocommit engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def add(self, entry: Entry) -> None:
        with self._engine.connect() as connection:
            _ADD_ONE.run(connection, to_row(entry))


def to_row(entry: Entry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in COLUMNS}
    return {**values, "detail": json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)}

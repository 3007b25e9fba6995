"""Writes the audit log (SEC-11)."""

import json
from typing import Any

from typing_extensions import override

from identity.adapters.sql.engine_adapter import EngineAdapter
from identity.adapters.sql.fixed_statement import FixedStatement
from identity.adapters.sql.repository import BufferingRepository
from identity.adapters.sql.tables import audit
from identity.domain.audit import Entry
from identity.usecases.ports.audit import AuditLog

COLUMNS = (
    "at", "action", "result", "actor_kind", "actor", "via", "account_id", "link_account_id", "address", "request_id",
    "reason", "detail",
)  # fmt: skip
ADD = audit.insert().inline()
"""`inline` prevents SQLAlchemy from fetching the id of the new row."""
_ADD_ONE = FixedStatement(ADD, columns=COLUMNS)


class SqlAuditLog(BufferingRepository, AuditLog):
    """Entries that commit with the change they describe."""

    _add_all, _add_one = ADD, _ADD_ONE

    @override
    def add(self, entry: Entry) -> None:
        self._rows.append(to_row(entry))


class AutocommitAuditLog(EngineAdapter, AuditLog):
    """Entries that commit immediately, so that refusals are recorded. Needs an autocommit engine."""

    @override
    def add(self, entry: Entry) -> None:
        with self._engine.connect() as connection:
            _ADD_ONE.run(connection, to_row(entry))


def to_row(entry: Entry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in COLUMNS}
    return {**values, "detail": json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)}

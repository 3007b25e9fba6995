"""The audit log's table, from the side of those who write it down (SEC-11)."""

import json
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session as Database
from typing_extensions import override

from identity.adapters.sql.tables import audit
from identity.domain.audit import Entry
from identity.usecases.ports.audit import AuditLog

ADD = audit.insert().inline()
"""Without asking for the new row's number, which nobody wants."""


class SqlAudit(AuditLog):
    """Rows beside their change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: list[dict[str, Any]] = []

    @override
    def add(self, entry: Entry) -> None:
        self._rows.append(row_of(entry))

    def write(self) -> None:
        """Write the rows in one round trip, the last thing before the change is kept."""
        if self._rows:
            rows, self._rows = self._rows, []
            # One is a plain statement; several go through the driver's pipeline, which costs more to set up.
            self._database.connection().execute(ADD, rows if len(rows) > 1 else rows[0])


class StandaloneAudit(AuditLog):
    """Rows that stay although the request is refused: the engine's every statement commits by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def add(self, entry: Entry) -> None:
        with self._engine.connect() as connection:
            connection.execute(ADD, row_of(entry))


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry by column."""
    return {
        "at": entry.at,
        "action": entry.action,
        "result": entry.result,
        "actor_kind": entry.actor_kind,
        "actor": entry.actor,
        "via": entry.via,
        "account_id": entry.account_id,
        "link_account_id": entry.link_account_id,
        "address": entry.address,
        "request_id": entry.request_id,
        "reason": entry.reason,
        "detail": json.dumps(entry.detail, ensure_ascii=False, sort_keys=True),
    }

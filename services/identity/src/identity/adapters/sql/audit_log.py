"""Writing the audit log (SEC-11)."""

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from typing_extensions import override

from identity.adapters.sql.tables import audit
from identity.domain.audit import Entry
from identity.usecases.ports.audit import AuditLog

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ADD = audit.insert().inline()
"""Does not fetch the id of the new row."""


class SqlAuditLog(AuditLog):
    """Entries that commit with the change they describe."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._rows: list[dict[str, Any]] = []

    @override
    def add(self, entry: Entry) -> None:
        self._rows.append(to_row(entry))

    def write(self) -> None:
        """Insert the entries in one round trip, just before the commit."""
        if self._rows:
            rows, self._rows = self._rows, []
            # A single row avoids the driver's pipeline, which costs more to set up.
            self._session.connection().execute(ADD, rows if len(rows) > 1 else rows[0])


class AutocommitAuditLog(AuditLog):
    """Entries that commit on their own, so that refusals are recorded; needs an autocommit engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @override
    def add(self, entry: Entry) -> None:
        with self._engine.connect() as connection:
            connection.execute(ADD, to_row(entry))


def to_row(entry: Entry) -> dict[str, Any]:
    """Return the columns of an entry."""
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
